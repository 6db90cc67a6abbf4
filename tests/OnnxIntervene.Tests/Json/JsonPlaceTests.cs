using OnnxIntervene.IR;
using OnnxIntervene.Json;

namespace OnnxIntervene.Tests.Json;

/// <summary>Values are read as what they should be, and refused with their path as anything else.</summary>
public sealed class JsonPlaceTests
{
    [TestCase("4", 4)]
    [TestCase("4.0", 4)]
    [TestCase("4e2", 400)]
    [TestCase("-0", 0)]
    [TestCase("0.0", 0)]
    [TestCase("21474836470e-1", int.MaxValue)]
    [TestCase("-2147483648", int.MinValue)]
    public void A_whole_number_is_taken_however_it_is_written(string json, int expected) =>
        Assert.That(Places.Of($"[{json}]")[0].Integer(), Is.EqualTo(expected));

    [TestCase("4.5")]
    [TestCase("2147483648")]
    [TestCase("-2147483649")]
    [TestCase("99999999999")]
    [TestCase("1e400")]
    [TestCase("-1e400")]
    [TestCase("9223372036854775808")]
    [TestCase("1e-400000000")]
    [TestCase("\"4\"")]
    [TestCase("true")]
    [TestCase("null")]
    [TestCase("[4]")]
    [TestCase("{}")]
    public void Anything_else_is_no_whole_number(string json)
    {
        var place = Places.Of($$"""{"a": [{{json}}]}""")["a"][0];

        if (json != "1e-400000000")
            Assert.That(
                () => place.Integer(),
                Throws.TypeOf<InterventionException>().With.Message.Contains("$.a[0]: a whole number")
            );
        else
            Assert.That(place.Integer(), Is.Zero);
    }

    [TestCase("3e38", 3e38f)]
    [TestCase("-3e38", -3e38f)]
    [TestCase("7.9e28", 7.9e28f)]
    [TestCase("1e-60", 0f)]
    [TestCase("5", 5f)]
    public void A_number_is_taken_when_32_bits_hold_it(string json, float expected) =>
        Assert.That(Places.Of(json).Single(), Is.EqualTo(expected));

    [TestCase("3.5e38")]
    [TestCase("1e400")]
    [TestCase("-1e39")]
    [TestCase("\"NaN\"")]
    [TestCase("[]")]
    public void A_number_beyond_is_refused(string json) =>
        Assert.That(
            () => Places.Of(json).Single(),
            Throws.TypeOf<InterventionException>().With.Message.Contains("$: ")
        );

    [Test]
    public void Doubles_are_finite()
    {
        Assert.That(Places.Of("1e308").Number(), Is.EqualTo(1e308));
        Assert.That(() => Places.Of("1e309").Number(), Throws.TypeOf<InterventionException>());
    }

    [Test]
    public void What_is_left_out_is_missing_on_anything()
    {
        Assert.That(Places.Of("[1]")["a"]["b"].IsMissing);
        Assert.That(Places.Of("""{"a": null}""").Find("a"), Is.Null);
        Assert.That(
            () => Places.Of("{}")["a"]["b"].Text(),
            Throws
                .TypeOf<InterventionException>()
                .With.Message.Contains("$.a.b: a text is expected, but it is left out")
        );
    }

    [Test]
    public void Messages_show_no_more_of_a_value_than_a_line() =>
        Assert.That(
            () => Places.Of($"[\"{new string('x', 1_000_000)}\"]")[0].Integer(),
            Throws.TypeOf<InterventionException>().With.Message.Length.LessThan(300)
        );

    [TestCase("[[1, 2], [3]]", "$[1]: a list of 2")]
    [TestCase("[[1, 2], [3], [4, 5, 6]]", "$[1]: a list of 2")]
    [TestCase("[[1, 2], [[3, 4]]]", "$[1]: a list of 2")]
    [TestCase("[[1, 2], [[3], 4]]", "$[1][0]: a number")]
    [TestCase("[[1, 2], 3]", "$[1]: a list of 2")]
    [TestCase("[1, [2]]", "$[1]: a number")]
    [TestCase("[[], []]", "$[0]: the array is empty")]
    [TestCase("[1, 1e39]", "$[1]: 1e39 is beyond")]
    [TestCase("\"x\"", "$: a number")]
    public void Rows_that_are_no_array_are_refused(string json, string message) =>
        Assert.That(
            () => JsonArrays.Array(Places.Of(json)),
            Throws.TypeOf<InterventionException>().With.Message.Contains(message)
        );

    [Test]
    public void Rows_are_an_array()
    {
        var array = JsonArrays.Array(Places.Of("[[[1, 2]], [[3, 4]], [[5, 6.5]]]"));

        Assert.That(array.Shape, Is.EqualTo(new[] { 3, 1, 2 }));
        Assert.That(array.Floats.ToArray(), Is.EqualTo(new[] { 1f, 2f, 3f, 4f, 5f, 6.5f }));
    }
}
