using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Ablation;
using OnnxIntervene.Studies.Metrics;
using OnnxIntervene.Studies.Patching;
using OnnxIntervene.Studies.Paths;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Studies;

/// <summary>Studies measure what interventions by hand measure, and refuse what means nothing.</summary>
public sealed class StudyMeaningTests
{
    private const string Heads = "head_attention_value_output";
    private const int Layers = 6;
    private const int HeadCount = 6;
    private LoadedModel _model = null!;
    private StudyPrompt _prompt = null!;

    [OneTimeSetUp]
    public void Open()
    {
        _model = LoadedModel.Load(RepositoryPaths.DefaultModel);
        _prompt = DefaultTasks.Pairs(_model, 2)[1];
    }

    [OneTimeTearDown]
    public void Close() => _model.Dispose();

    // The sender from the corrupt run; every other head above it, and every feed-forward layer, from the clean one.
    [TestCase(false)]
    [TestCase(true)]
    public void A_path_to_the_logits_is_a_run_with_all_else_frozen(bool recomputes)
    {
        var result = PathSweep.Run(
            _model,
            new PathSweepRequest { Prompts = [_prompt], RecomputesFeedForward = recomputes }
        );
        var clean = result.Prompts[0].Clean(0);
        var effects = result
            .Of(0)
            .Mean.Values.ToArray()[..(3 * HeadCount)]
            .Select(value => Math.Abs(value - clean))
            .ToList();
        var (layer, head) = Math.DivRem(effects.IndexOf(effects.Max()), HeadCount);
        var frozen = new List<Frozen> { new(layer, Heads, [head], IsSender: true) };
        for (var above = layer; above < Layers; above++)
        {
            var others = Enumerable.Range(0, HeadCount).Where(other => above > layer || other != head);
            frozen.Add(new Frozen(above, Heads, [.. others], IsSender: false));
            if (!recomputes)
                frozen.Add(new Frozen(above, "mlp_output", [], IsSender: false));
        }

        Assert.That(result.Of(0).Mean[layer, head], Is.EqualTo(ByHand(frozen)).Within(1e-4));
        Assert.That(effects.Max(), Is.GreaterThan(1e-2));
    }

    [Test]
    public void A_receiver_in_the_senders_own_layer_gets_nothing_through_heads()
    {
        var result = PathSweep.Run(
            _model,
            new PathSweepRequest
            {
                Prompts = [_prompt],
                Layers = [3],
                Receivers = [new PathReceiver("head_query_output", 3)],
            }
        );

        Assert.That(result.Of(0).Mean.Values.ToArray(), Is.All.EqualTo(result.Prompts[0].Clean(0)).Within(1e-5));
    }

    [Test]
    public void Zeros_are_what_a_zero_intervention_writes()
    {
        var result = AblationSweep.Run(
            _model,
            new AblationRequest
            {
                Prompts = [_prompt],
                Components = ["mlp_output"],
                Kind = AblationKind.Zero,
            }
        );
        using var model = Load(
            new RepresentationConfig
            {
                Layer = 1,
                Component = "mlp_output",
                InterventionType = InterventionType.Zero,
            }
        );

        var output = model.Run(_prompt.Inputs, unitLocations: UnitLocations.SourcesToBase(Everywhere(null))).Intervened;

        Assert.That(result.Of(0).Mean[1, 0], Is.EqualTo(Difference(output)).Within(1e-4));
    }

    [Test]
    public void Metrics_are_what_their_formulas_say()
    {
        var reading = new MetricReading([1, 3, 2, -1], [2, 1, 0, 0], _prompt with { Answer = 2, Wrong = 0 });
        double[] clean = [Math.Exp(2), Math.Exp(1), 1, 1];
        double[] run = [Math.Exp(1), Math.Exp(3), Math.Exp(2), Math.Exp(-1)];
        var divergence = Enumerable
            .Range(0, 4)
            .Sum(token => clean[token] / clean.Sum() * Math.Log(clean[token] / clean.Sum() / (run[token] / run.Sum())));

        Assert.That(Metric.LogitDifference.Of(reading), Is.EqualTo(1));
        Assert.That(Metric.Logit.Of(reading), Is.EqualTo(2));
        Assert.That(Metric.WrongLogit.Of(reading), Is.EqualTo(1));
        Assert.That(Metric.Rank.Of(reading), Is.EqualTo(1));
        Assert.That(Metric.Probability.Of(reading), Is.EqualTo(run[2] / run.Sum()).Within(1e-6));
        Assert.That(Metric.LogProbability.Of(reading), Is.EqualTo(Math.Log(run[2] / run.Sum())).Within(1e-6));
        Assert.That(Metric.Divergence.Of(reading), Is.EqualTo(divergence).Within(1e-6));
    }

    [Test]
    public void A_metric_of_ones_own_and_heads_at_positions()
    {
        var largest = Metric.Of("largest", reading => reading.Logits[0]);
        var request = new PatchSweepRequest
        {
            Prompts = [_prompt],
            Components = [Heads],
            Units = PatchUnits.HeadAndPosition,
            Layers = [2, 4],
            Metrics = [Metric.LogitDifference, largest],
        };

        var result = PatchSweep.Run(_model, request);
        var last = PatchSweep.Run(_model, request with { Units = PatchUnits.Head, Positions = [_prompt.Length - 1] });

        Assert.That(result.Layouts[0].Rows, Does.Contain("4.5").And.Length.EqualTo(12));
        Assert.That(result.Of(0, 1).Mean[9, _prompt.Length - 1], Is.EqualTo(last.Of(0, 1).Mean[1, 3]).Within(1e-5));
    }

    // Later tokens change nothing of a causal model, whether they are cut off or only passed over.
    [Test]
    public void A_metric_at_a_position_is_that_of_the_text_up_to_there()
    {
        var at = _prompt.Length - 3;
        var cut = new StudyPrompt
        {
            Inputs = UpTo(_prompt.Inputs, at),
            Corrupt = UpTo(_prompt.Corrupt!, at),
            Answer = _prompt.Answer,
            Wrong = _prompt.Wrong,
        };
        var request = new PatchSweepRequest { Prompts = [_prompt with { MetricPosition = at }], Layers = [1, 5] };

        var measured = PatchSweep.Run(_model, request).Of(0).Mean;
        var whole = PatchSweep.Run(_model, request with { Prompts = [cut] }).Of(0).Mean;

        for (var position = 0; position <= at; position++)
        {
            Assert.That(measured[0, position], Is.EqualTo(whole[0, position]).Within(1e-4));
            Assert.That(measured[1, position], Is.EqualTo(whole[1, position]).Within(1e-4));
        }

        Refused(request with { Prompts = [_prompt with { MetricPosition = 99 }] }, "measured at position 99");
    }

    [Test]
    public void What_cannot_be_measured_is_refused()
    {
        var other = DefaultTasks.Pairs(_model, 1)[0];
        Refused(new PatchSweepRequest { Prompts = [] }, "no prompts");
        Refused(new PatchSweepRequest { Prompts = [_prompt, other] }, "Name what they have in common");
        Refused(new PatchSweepRequest { Prompts = [_prompt], PositionNames = ["verb"] }, "no position named 'verb'");
        Refused(new PatchSweepRequest { Prompts = [_prompt], Positions = [99] }, "There is no position 99");
        Refused(new PatchSweepRequest { Prompts = [_prompt], Units = PatchUnits.Head }, "has no heads");
        Refused(new PatchSweepRequest { Prompts = [_prompt with { Corrupt = other.Corrupt }] }, "equally many");
        Refused(new PatchSweepRequest { Prompts = [_prompt with { Corrupt = null }] }, "corrupt prompt is missing");
        Refused(new PatchSweepRequest { Prompts = [_prompt with { Wrong = null }] }, "needs a wrong answer");
        Assert.That(
            () => AblationSweep.Run(_model, new AblationRequest { Prompts = [_prompt], Kind = AblationKind.Resample }),
            Throws.TypeOf<InterventionException>().With.Message.Contains("no other prompt has as many")
        );
        Assert.That(
            () =>
                PathSweep.Run(
                    _model,
                    new PathSweepRequest { Prompts = [_prompt], Receivers = [PathReceiver.Parse("mlp_input.3.1")] }
                ),
            Throws.TypeOf<InterventionException>().With.Message.Contains("has no heads")
        );
    }

    private static ModelInputs UpTo(ModelInputs inputs, int last) =>
        ModelInputs.FromTokens([.. inputs.Tokens.Integers[..(last + 1)].ToArray().Select(token => (int)token)]);

    private void Refused(PatchSweepRequest request, string message) =>
        Assert.That(
            () => PatchSweep.Run(_model, request),
            Throws.TypeOf<InterventionException>().With.Message.Contains(message)
        );

    private float ByHand(List<Frozen> frozen)
    {
        using var model = Load([
            .. frozen.Select(item => new RepresentationConfig
            {
                Layer = item.Layer,
                Component = item.Component,
                Unit = item.Component == Heads ? "h.pos" : "pos",
            }),
        ]);
        ImmutableArray<UnitLocation?> locations = [.. frozen.Select(item => Everywhere(item.Heads))];
        var sources = frozen.Select(item => item.IsSender ? _prompt.Corrupt : _prompt.Inputs).ToList();
        return Difference(model.Run(_prompt.Inputs, sources, new UnitLocations(locations, locations)).Intervened);
    }

    private UnitLocation Everywhere(int[]? heads)
    {
        int[] positions = [.. Enumerable.Range(0, _prompt.Length)];
        return heads is null or [] ? UnitLocation.At(positions) : UnitLocation.AtHeads(heads, positions);
    }

    private float Difference(ModelOutput output)
    {
        var logits = output.LogitsAt(0, -1).Span;
        return logits[_prompt.Answer!.Value] - logits[_prompt.Wrong!.Value];
    }

    private static IntervenableModel Load(params RepresentationConfig[] representations) =>
        IntervenableModel.Load(
            RepositoryPaths.DefaultModel,
            new IntervenableConfig { Representations = [.. representations] }
        );

    private sealed record Frozen(int Layer, string Component, int[] Heads, bool IsSender);
}
