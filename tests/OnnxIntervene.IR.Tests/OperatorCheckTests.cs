using System.Collections.Immutable;

namespace OnnxIntervene.IR.Tests;

/// <summary>A node that breaks its operator's specification is named, with what it has and what is right.</summary>
public sealed class OperatorCheckTests
{
    private static readonly HashSet<OperatorKey> s_noFunctions = [];

    private static readonly ImmutableSortedDictionary<string, long> s_sets = ImmutableSortedDictionary<string, long>
        .Empty.Add("", 18)
        .Add(OperatorKey.Microsoft, 1);

    [Test]
    public void Too_few_inputs() =>
        Assert.That(
            Faults("MatMul", 1),
            Is.EqualTo(new[] { "MatMul node 'n' has 1 input, but the operator takes 2." })
        );

    [Test]
    public void Too_many_inputs() =>
        Assert.That(
            Faults("Clip", 4),
            Is.EqualTo(new[] { "Clip node 'n' has 4 inputs, but the operator takes 1 to 3." })
        );

    [Test]
    public void A_needed_input_that_is_left_out() =>
        Assert.That(
            FaultsOf(new OperatorKey("", "Gather"), [null, new Value("x")], []),
            Is.EqualTo(new[] { "Gather node 'n' leaves input 0 ('data') out, which the operator needs." })
        );

    [Test]
    public void An_input_beyond_the_needed_may_be_left_out() =>
        Assert.That(FaultsOf(new OperatorKey("", "Clip"), [new Value("x"), null, new Value("y")], []), Is.Empty);

    [Test]
    public void An_attribute_of_another_kind() =>
        Assert.That(
            FaultsOf(
                new OperatorKey(OperatorKey.Microsoft, "MultiHeadAttention"),
                [new Value("q")],
                [NodeAttribute.Of("num_heads", "four")]
            ),
            Is.EqualTo(
                new[]
                {
                    "com.microsoft.MultiHeadAttention node 'n': the attribute 'num_heads' is a text, but the operator "
                        + "takes an integer.",
                }
            )
        );

    [TestCase(0)]
    [TestCase(-4)]
    [TestCase(long.MinValue)]
    public void A_number_of_heads_that_is_not_above_zero(long heads) =>
        Assert.That(
            FaultsOf(
                new OperatorKey(OperatorKey.Microsoft, "MultiHeadAttention"),
                [new Value("q")],
                [NodeAttribute.Of("num_heads", heads)]
            ),
            Has.Length.EqualTo(1).And.Some.EndsWith($"'num_heads' is {heads}, but must be above zero.")
        );

    [Test]
    public void An_attribute_that_is_needed() =>
        Assert.That(
            Faults("Concat", 2),
            Is.EqualTo(new[] { "Concat node 'n' lacks the attribute 'axis', which the operator needs." })
        );

    [TestCase(0, 0)]
    [TestCase(0, 2)]
    [TestCase(-1, 0)]
    public void Axes_that_are_not_a_permutation(long first, long second) =>
        Assert.That(
            FaultsOf(
                new OperatorKey("", "Transpose"),
                [new Value("x")],
                [NodeAttribute.Of("perm", ImmutableArray.Create(first, second))]
            ),
            Is.EqualTo(
                new[]
                {
                    $"Transpose node 'n': the attribute 'perm' is [{first}, {second}], which does not name each axis "
                        + "once.",
                }
            )
        );

    [Test]
    public void An_operator_that_is_not_known_is_left_alone() =>
        Assert.That(FaultsOf(new OperatorKey("com.example", "MatMul"), [], []), Is.Empty);

    [Test]
    public void Versions_differ()
    {
        var node = Node(new OperatorKey("", "Squeeze"), [new Value("x"), new Value("axes")], []);

        Assert.That(new OperatorCheck(s_sets.SetItem("", 11), s_noFunctions).FaultsOf(node), Has.Exactly(1).Items);
        Assert.That(new OperatorCheck(s_sets, s_noFunctions).FaultsOf(node), Is.Empty);
    }

    private static string[] Faults(string op, int inputs) =>
        FaultsOf(new OperatorKey("", op), [.. Enumerable.Range(0, inputs).Select(index => new Value($"x{index}"))], []);

    private static string[] FaultsOf(OperatorKey key, Value?[] inputs, NodeAttribute[] attributes) =>
        [.. new OperatorCheck(s_sets, s_noFunctions).FaultsOf(Node(key, inputs, attributes))];

    private static Node Node(OperatorKey key, Value?[] inputs, NodeAttribute[] attributes) =>
        new Graph().AddNode("n", key, inputs, ["y"], attributes);
}
