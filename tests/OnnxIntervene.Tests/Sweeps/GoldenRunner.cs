using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json.Nodes;
using OnnxIntervene.Execution;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Patching;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Studies.Tracing;
using OnnxIntervene.Sweeps;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;
using OnnxIntervene.Tests.Json;

namespace OnnxIntervene.Tests.Sweeps;

/// <summary>Runs cases of the goldens through what the commands call, and compares with torch's numbers.</summary>
internal sealed class GoldenRunner : IDisposable
{
    // A kind of case is covered by an entry here; GoldenTests lists those that have none yet.
    private static readonly FrozenDictionary<string, Action<GoldenRunner, GoldenCase>> s_checks = new Dictionary<
        string,
        Action<GoldenRunner, GoldenCase>
    >
    {
        ["base"] = (runner, item) => runner.CheckPlainRun(item),
        ["collect"] = (runner, item) => runner.CheckCollected(item),
        ["swap"] = (runner, item) => runner.CheckIntervened(item),
        ["zero"] = (runner, item) => runner.CheckIntervened(item),
        ["addition"] = (runner, item) => runner.CheckIntervened(item),
        ["rotated"] = (runner, item) => runner.CheckIntervened(item),
        ["lowrank"] = (runner, item) => runner.CheckIntervened(item),
        ["patch_sweep"] = (runner, item) => runner.CheckSweep(item, []),
        ["head_sweep"] = (runner, item) => runner.CheckSweep(item, item.Integers("positions", "position")),
        ["difference_of_means"] = (runner, item) => runner.CheckMeans(item),
        ["causal_trace"] = (runner, item) => runner.CheckTrace(item),
    }.ToFrozenDictionary();

    // One full run a cell takes minutes on the large model; every seventh cell is of every layer and position in turn.
    private const int LargeModelShards = 7;

    private readonly GoldenModel _golden;
    private readonly IntervenableModel _model;

    public GoldenRunner(GoldenModel golden)
    {
        _golden = golden;
        _model = IntervenableModel.Load(golden.Folder, IntervenableConfig.Empty);
    }

    /// <summary>The kinds of cases that are covered.</summary>
    public static ImmutableArray<string> Kinds => s_checks.Keys;

    /// <summary>The model without interventions.</summary>
    public IntervenableModel Model => _model;

    public void Check(GoldenCase item) => s_checks[item.Kind](this, item);

    public void Dispose() => _model.Dispose();

    private void CheckPlainRun(GoldenCase item) =>
        RequireLogits(_model.Run(Inputs(item, "input_ids")).Intervened, item);

    private void CheckCollected(GoldenCase item)
    {
        using var model = _model.Loaded.With(Config(item));

        var result = model.Run(Inputs(item, "input_ids"), unitLocations: Locations(item, model.Config));

        RequireClose(result.Collected[0], item.Expected("activation"), item);
    }

    private void CheckIntervened(GoldenCase item)
    {
        using var model = _model.Loaded.With(WithRotation(Config(item), item));
        var inputs = item.Json.GetProperty("inputs");
        var hasSource = inputs.TryGetProperty("source_input_ids", out _);
        var coefficient = item.Json.TryGetProperty("coefficient", out var number) ? number.GetSingle() : 1;

        var result = model.Run(
            Inputs(item, hasSource ? "base_input_ids" : "input_ids"),
            hasSource ? [Inputs(item, "source_input_ids")] : null,
            Locations(item, model.Config),
            new RunSettings
            {
                OutputOriginalOutput = true,
                Subspaces = SubspacesReader.Read(
                    Places.Of(item.Pyvene.TryGetProperty("subspaces", out var subspaces) ? subspaces : default),
                    model.Config
                ),
                Coefficients = [Coefficient.Of(coefficient)],
                SourceRepresentations =
                [
                    inputs.TryGetProperty("vector", out var vector)
                        ? _golden.Goldens.Tensor(vector.GetString()!)
                        : null,
                ],
            }
        );

        RequireLogits(result.Intervened, item);
        var effect = Difference.Largest(result.Intervened.Logits.Floats, result.Original!.Logits.Floats);
        Assert.That(effect, coefficient == 0 ? Is.Zero : Is.GreaterThan(10 * item.Tolerance));
    }

    private SweepOptions Naive =>
        new()
        {
            IsNaive = true,
            Shard = _golden.Name == GoldenModel.LargeName ? new SweepShard(0, LargeModelShards) : SweepShard.Whole,
        };

    private void CheckSweep(GoldenCase item, ImmutableArray<int> positions)
    {
        CheckSweep(item, positions, new SweepOptions());
        CheckSweep(item, positions, Naive);
    }

    private void CheckSweep(GoldenCase item, ImmutableArray<int> positions, SweepOptions options)
    {
        var result = PatchSweep.Run(
            _model.Loaded,
            new PatchSweepRequest
            {
                Prompts =
                [
                    new StudyPrompt
                    {
                        Inputs = Inputs(item, "source_input_ids"),
                        Corrupt = Inputs(item, "base_input_ids"),
                        Answer = item.Json.GetProperty("clean_answer_id").GetInt32(),
                        Wrong = item.Json.GetProperty("corrupt_answer_id").GetInt32(),
                    },
                ],
                Components = [item.Component(0)],
                Positions = positions,
                Metrics = [Metric.LogitDifference, Metric.Logit, Metric.WrongLogit],
            },
            options: options
        );

        Assert.That(result.Layouts[0].ColumnAxis, Is.EqualTo(positions.Length > 0 ? "head" : "position"));
        RequireMeasuredClose(result.Of(0, 1).Mean.Values, item.Expected("clean_answer_logit"), options.Shard, item);
        RequireMeasuredClose(result.Of(0, 2).Mean.Values, item.Expected("corrupt_answer_logit"), options.Shard, item);
    }

    private void CheckTrace(GoldenCase item)
    {
        CheckTrace(item, new SweepOptions());
        CheckTrace(item, Naive);
    }

    private void CheckTrace(GoldenCase item, SweepOptions options)
    {
        var window = item.Pyvene.TryGetProperty("window", out var given) ? given.GetInt32() : 1;

        var result = CausalTrace.Run(
            _model.Loaded,
            new CausalTraceRequest
            {
                Prompts =
                [
                    new StudyPrompt
                    {
                        Inputs = Inputs(item, "input_ids"),
                        Answer = item.Json.GetProperty("answer").GetProperty("id").GetInt32(),
                        Positions = ImmutableSortedDictionary<string, ImmutableArray<int>>.Empty.Add(
                            CausalTraceRequest.Subject,
                            item.Integers("subject_positions", "subject_position")
                        ),
                    },
                ],
                Noise = [_golden.Goldens.Tensor(item.Input("noise"))],
                Targets = [new TraceTarget(item.Component(1), window)],
            },
            options: options
        );

        var only = result.Prompts[0];
        RequireMeasuredClose(only.Values, item.Expected("restored_prob"), options.Shard, item);
        RequireClose(NumericArray.Of(new[] { only.Clean(0) }, 1), item.Expected("clean_prob"), item);
        RequireClose(
            NumericArray.Of(only.Baselines.Skip(1).Select(run => run[0]).ToArray(), only.Baselines.Length - 1),
            item.Expected("corrupted_prob"),
            item
        );
    }

    private void CheckMeans(GoldenCase item)
    {
        var (positive, negative) = (Mean(item, "positive"), Mean(item, "negative"));
        var difference = positive
            .Floats.ToArray()
            .Zip(negative.Floats.ToArray(), (left, right) => left - right)
            .ToArray();
        var norm = MathF.Sqrt(difference.Sum(number => number * number));

        RequireClose(positive, item.Expected("mean_positive"), item);
        RequireClose(negative, item.Expected("mean_negative"), item);
        RequireClose(
            NumericArray.Of(Array.ConvertAll(difference, number => number / norm), difference.Length),
            item.Expected("vector"),
            item
        );
        Assert.That(norm, Is.EqualTo(item.Json.GetProperty("difference_norm").GetSingle()).Within(0.1).Percent);
    }

    // The values at the last token, averaged over prompts.
    private NumericArray Mean(GoldenCase item, string side)
    {
        using var model = _model.Loaded.With(Config(item));
        var collected = Prompts(item, side)
            .Select(inputs => model.Run(inputs, unitLocations: UnitLocations.SourcesToBase(-1)).Collected[0])
            .ToList();
        return MeanIntervention.Of(collected).Parameters["mean"];
    }

    // Some cases name the tokens of each prompt, others the list in the model's tasks.
    private IEnumerable<ModelInputs> Prompts(GoldenCase item, string side)
    {
        if (item.Json.GetProperty("inputs").TryGetProperty($"{side}_input_ids", out var names))
            return names.EnumerateArray().Select(name => _golden.Goldens.Inputs(name.GetString()!));
        var tasks = JsonNode.Parse(File.ReadAllText(Path.Combine(_golden.Folder, "tasks.json")))!;
        return tasks["sentiment"]![side]!.AsArray().Select(prompt => _model.Tokenize(prompt!.GetValue<string>()));
    }

    private ModelInputs Inputs(GoldenCase item, string name) => _golden.Goldens.Inputs(item.Input(name));

    // A constant source is a tensor of the goldens, named in words; a run takes the tensor.
    private static IntervenableConfig Config(GoldenCase item)
    {
        var json = JsonNode.Parse(item.Pyvene.GetRawText())!;
        foreach (var representation in json["representations"]!.AsArray())
            representation!.AsObject().Remove("source_representation");
        return IntervenableConfig.FromJson(json.ToJsonString());
    }

    private IntervenableConfig WithRotation(IntervenableConfig config, GoldenCase item)
    {
        var inputs = item.Json.GetProperty("inputs");
        if (!inputs.TryGetProperty("rotation", out var name) && !inputs.TryGetProperty("basis", out name))
            return config;
        var parameters = new Dictionary<string, NumericArray>
        {
            ["rotate_layer.weight"] = _golden.Goldens.Tensor(name.GetString()!),
        };
        var representation = config.Representations.Single();
        return config with
        {
            Representations =
            [
                representation with
                {
                    Intervention = InterventionParameters.Create(representation.InterventionType, parameters),
                },
            ],
        };
    }

    private static UnitLocations Locations(GoldenCase item, IntervenableConfig config) =>
        UnitLocationsReader.Read(Places.Of(item.Pyvene.GetProperty("unit_locations")), config);

    // Some cases hold the logits of every position, some only the last one's.
    private void RequireLogits(ModelOutput output, GoldenCase item)
    {
        var expected = _golden.Goldens.Tensor(item.Expected());
        var isWhole = expected.Length == output.Logits.Length;
        RequireClose(
            isWhole ? output.Logits : NumericArray.Of(output.LogitsAt(0, -1).ToArray(), expected.Shape.AsSpan()),
            item.Expected(),
            item
        );
    }

    private void RequireClose(NumericArray actual, string name, GoldenCase item)
    {
        var expected = _golden.Goldens.Tensor(name);
        Assert.That(
            Difference.LargestBeyond(actual.Floats, expected.Floats, expected.Shape[^1], item.RelativeTolerance),
            Is.LessThanOrEqualTo(item.Tolerance),
            name
        );
    }

    // The cells of other shards are not numbers.
    private void RequireMeasuredClose(ReadOnlyMemory<float> values, string name, SweepShard shard, GoldenCase item)
    {
        var expected = _golden.Goldens.Tensor(name);
        Assert.That(values.Length, Is.EqualTo(expected.Length), name);
        var pairs = values
            .ToArray()
            .Zip(expected.Floats.ToArray(), (actual, wanted) => (Actual: actual, Wanted: wanted))
            .Where(pair => !float.IsNaN(pair.Actual))
            .ToList();
        Assert.That(pairs, Has.Count.GreaterThanOrEqualTo(expected.Length / shard.Count), name);
        Assert.That(pairs.Max(pair => Math.Abs(pair.Actual - pair.Wanted)), Is.AtMost(item.Tolerance), name);
    }
}
