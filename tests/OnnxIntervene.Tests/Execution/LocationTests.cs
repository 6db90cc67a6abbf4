using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;
using OnnxIntervene.Tests.Json;

namespace OnnxIntervene.Tests.Execution;

/// <summary>Positions from the end, positions by name, and masks over padding mean what they say.</summary>
public sealed class LocationTests
{
    private static readonly IntervenableConfig s_collect = new()
    {
        Representations =
        [
            new()
            {
                Layer = 2,
                Component = "block_output",
                InterventionType = InterventionType.Collect,
            },
        ],
    };

    private IntervenableModel _model = null!;

    [OneTimeSetUp]
    public void Load() =>
        _model = IntervenableModel.Load(RepositoryPaths.DefaultModel, s_collect, new ExecutionOptions { Threads = 1 });

    [OneTimeTearDown]
    public void Unload() => _model.Dispose();

    [Test]
    public void Minus_one_is_the_last_token_of_each_example_padding_left_aside()
    {
        var inputs = Padded([5, 6, 7, 8], [9, 10]);

        var collected = Collect(inputs, UnitLocation.At(-1));
        var expected = Collect(
            inputs,
            new UnitLocation([
                [3],
                [1],
            ])
        );

        Assert.That(collected.Floats.SequenceEqual(expected.Floats));
        Assert.That(collected.Row(0).Floats.SequenceEqual(collected.Row(1).Floats), Is.False);
    }

    [Test]
    public void A_text_names_its_tokens()
    {
        var inputs = _model.Tokenize("The company Volvo makes");
        var tokens = inputs.Tokens.Integers.ToArray().Select(id => _model.TokenText((int)id)).ToList();

        var last = Collect(inputs, UnitLocation.LastTokenOf("company Volvo"));
        var all = Collect(inputs, UnitLocation.TokensOf("Volvo makes"));
        var touched = Enumerable
            .Range(1, tokens.Count)
            .First(count => string.Concat(tokens.TakeLast(count)).Contains("Volvo makes", StringComparison.Ordinal));

        Assert.That(last.Floats.SequenceEqual(Collect(inputs, UnitLocation.At(-2)).Floats));
        Assert.That(all.Shape[1], Is.EqualTo(touched));
        Assert.That(
            () => Collect(inputs, UnitLocation.LastTokenOf("Saab")),
            Throws.TypeOf<InterventionException>().With.Message.Contains("'Saab' is not in example 0")
        );
    }

    [Test]
    public void Unpadded_leaves_padding_as_it_is()
    {
        var inputs = Padded([5, 6, 7, 8], [9, 10]);
        using var model = IntervenableModel.Load(
            RepositoryPaths.DefaultModel,
            new IntervenableConfig
            {
                Representations =
                [
                    new()
                    {
                        Layer = 2,
                        Component = "block_output",
                        InterventionType = InterventionType.Zero,
                    },
                    new()
                    {
                        Layer = 2,
                        Component = "block_output",
                        InterventionType = InterventionType.Collect,
                    },
                ],
            },
            new ExecutionOptions { Threads = 1 }
        );

        var collected = model
            .Run(inputs, null, new UnitLocations([UnitLocation.Unpadded, null], [UnitLocation.Unpadded, null]))
            .Collected[0];

        var isZero = Enumerable
            .Range(0, 8)
            .Select(row => !collected.Reshape(8, collected.Shape[2]).Row(row).Floats.ContainsAnyExcept(0f))
            .ToList();
        Assert.That(isZero, Is.EqualTo(new[] { true, true, true, true, true, true, false, false }));
    }

    [TestCase("""{"sources->base": [1, 3]}""", 1, 3)]
    [TestCase("""{"sources->base": 2}""", 2, 2)]
    [TestCase("""{"sources->base": [[[[4]]], [[[0]]]]}""", 4, 0)]
    public void pyvenes_short_forms_are_read(string json, int source, int @base)
    {
        var locations = Read(json, s_collect);

        Assert.That(locations.Sources[0]!.Units[0], Is.EqualTo(new[] { source }));
        Assert.That(locations.Base[0]!.Units[0], Is.EqualTo(new[] { @base }));
    }

    [Test]
    public void A_chain_names_its_stages()
    {
        var config = new IntervenableConfig
        {
            Mode = InterventionMode.Serial,
            Representations = [new(), new() { Layer = 1 }],
        };

        var locations = Read("""{"source_0->source_1": 1, "source_1->base": [3, 4]}""", config);

        Assert.That(locations.Base.Select(item => item!.Units[0][0]), Is.EqualTo(new[] { 1, 4 }));
        Assert.That(locations.Sources.Select(item => item!.Units[0][0]), Is.EqualTo(new[] { 1, 3 }));
        Assert.That(
            () => Read("""{"source_0->base": 1}""", config),
            Throws.TypeOf<InterventionException>().With.Message.Contains("source_0->source_1")
        );
        Assert.That(
            () => Read("""{"source_0->source_1": 1, "source_1->base": 1, "source_2->base": 1}""", config),
            Throws.TypeOf<InterventionException>().With.Message.Contains("source_2->base")
        );
    }

    private NumericArray Collect(ModelInputs inputs, UnitLocation location) =>
        _model.Run(inputs, null, UnitLocations.SourcesToBase(location)).Collected[0];

    private static UnitLocations Read(string json, IntervenableConfig config) =>
        UnitLocationsReader.Read(Places.Of(json), config);

    // Rows padded on the right to the length of the first.
    private static ModelInputs Padded(params int[][] rows)
    {
        var length = rows[0].Length;
        var inputs = ModelInputs.FromTokens([
            .. rows.Select(row => (IReadOnlyList<int>)[.. row, .. new int[length - row.Length]]),
        ]);
        var mask = rows.SelectMany(row =>
                Enumerable.Range(0, length).Select(position => position < row.Length ? 1L : 0L)
            )
            .ToArray();
        return new ModelInputs(inputs.Arrays.Add("attention_mask", NumericArray.Of(mask, rows.Length, length)));
    }
}
