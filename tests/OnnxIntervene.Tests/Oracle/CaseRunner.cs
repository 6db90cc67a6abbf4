using System.Text.Json;
using OnnxIntervene.Components;
using OnnxIntervene.Execution;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.Gradients;
using OnnxIntervene.Gradients.Losses;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;
using OnnxIntervene.Tests.Json;

namespace OnnxIntervene.Tests.Oracle;

/// <summary>Runs cases of the references on one export, which is loaded once, and judges them.</summary>
internal sealed class CaseRunner(ReferenceFamily family, ReferenceExport export) : IDisposable
{
    private readonly LoadedModel _model = Load(export.ModelPath);

    public void Dispose() => _model.Dispose();

    public CaseOutcome Run(ReferenceCase item)
    {
        try
        {
            var outcome = Judge(item, _model, config => config, export.Difference);
            return
                outcome.Outcome == CaseOutcome.Failed
                && ExportFault.Of(family.Name, export.Name, item.Name) is { } fault
                ? JudgeRepaired(item, fault)
                : outcome;
        }
        catch (NotSupportedException reason)
        {
            return Outcome(item, CaseOutcome.NotCovered, null, reason.Message);
        }
        catch (InterventionException reason)
        {
            return Outcome(item, CaseOutcome.Refused, null, reason.Message);
        }
    }

    // The repaired form computes what torch computed, so that the reference's own tolerance holds without the export's
    // difference.
    private CaseOutcome JudgeRepaired(ReferenceCase item, string fault)
    {
        var outcome =
            family.Name == "gemma2" ? JudgeCapped(item) : Judge(item, _model, ExportFault.BreakTie, export.Difference);
        return outcome with { Message = outcome.Outcome == CaseOutcome.Passed ? fault : outcome.Message };
    }

    private CaseOutcome JudgeCapped(ReferenceCase item)
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("model.onnx");
        ExportFault.RestoreSoftCap(export.ModelPath, path);
        using var model = Load(path);
        return Judge(item, model, config => config, 0);
    }

    private CaseOutcome Judge(
        ReferenceCase item,
        LoadedModel loaded,
        Func<IntervenableConfig, IntervenableConfig> change,
        double exportDifference
    )
    {
        if (item.Kind == "gradient")
            return JudgeGradients(item, loaded, exportDifference);
        var config = change(Config(item));
        RequireKnownComponents(config);
        using var model = loaded.With(config);
        var inputs = Inputs(item.Base, model.Components);
        var result = model.Run(
            inputs,
            Sources(item, model.Components),
            Locations(item, config),
            Settings(item, config)
        );
        return Compare(item, inputs, result, exportDifference);
    }

    private CaseOutcome JudgeGradients(ReferenceCase item, LoadedModel model, double exportDifference)
    {
        var loss = new CrossEntropyLoss(family.Tensor(item.Member("labels").GetString()!));
        var expected = item.ExpectedGradients;
        var targets = new GradientTargets { Components = [.. expected.Keys] };
        var result = GradientSession.Of(model, Inputs(item.Base, model.Components), loss, targets);
        var tolerance = item.Tolerance + exportDifference;
        var difference = Math.Abs(result.Loss - item.Member("loss").GetDouble());
        var (worst, place) = (difference, "the loss");
        foreach (var (address, name) in expected)
        {
            difference = Compare(result.Components[address], family.Tensor(name));
            if (difference > worst || double.IsNaN(difference))
                (worst, place) = (difference, address.ToString());
        }

        return worst <= tolerance
            ? Outcome(item, CaseOutcome.Passed, worst, null)
            : Outcome(item, CaseOutcome.Failed, worst, $"{place} differs by {worst:G4}, more than {tolerance:G4}");
    }

    // A family that is not recognised at all is not built yet; a component missing from one that is would be a fault.
    private void RequireKnownComponents(IntervenableConfig config)
    {
        if (_model.Components.LayerCount == 0 && config.Representations.Length > 0)
            throw new NotSupportedException(
                $"component {config.Representations[0].Component}: no layers are recognised"
            );
    }

    private CaseOutcome Compare(ReferenceCase item, ModelInputs inputs, RunResult result, double exportDifference)
    {
        var tolerance = item.Tolerance + exportDifference;
        var difference = item.ExpectedLogits is { } logits
            ? Compare(result.Intervened.Logits, family.Tensor(logits), inputs, item)
            : 0;
        foreach (var (name, index) in item.ExpectedCollected.Select((name, index) => (name, index)))
            difference = Math.Max(difference, Compare(result.Collected[index], family.Tensor(name)));
        if (!(difference <= tolerance))
            return Outcome(
                item,
                CaseOutcome.Failed,
                difference,
                $"differs by {difference:G4}, more than {tolerance:G4}"
            );
        var effect = Difference.Largest(result.Intervened.Logits.Floats, result.Original!.Logits.Floats);
        return item.Effect is { } expected && effect < expected / 2
            ? Outcome(
                item,
                CaseOutcome.Failed,
                difference,
                $"the effect is {effect:G4}; at least {expected / 2:G4} is expected"
            )
            : Outcome(item, CaseOutcome.Passed, difference, null);
    }

    // In padded cases only the positions that the mask keeps are compared.
    private static double Compare(NumericArray actual, NumericArray expected, ModelInputs inputs, ReferenceCase item) =>
        item.Name.Contains("/pad-", StringComparison.Ordinal)
        && inputs.Arrays.TryGetValue("attention_mask", out var mask)
            ? Difference.Largest(actual.Floats, expected.Floats, mask.Integers)
            : Compare(actual, expected);

    private static double Compare(NumericArray actual, NumericArray expected) =>
        actual.Shape.SequenceEqual(expected.Shape)
            ? Difference.Largest(actual.Floats, expected.Floats)
            : double.PositiveInfinity;

    // A plain run is a configuration without interventions.
    private IntervenableConfig Config(ReferenceCase item)
    {
        if (
            item.Config.ValueKind != JsonValueKind.Object
            || item.Config.GetProperty("representations").GetArrayLength() == 0
        )
            return new IntervenableConfig { Representations = [] };
        var config = IntervenableConfig.FromJson(item.Config.GetRawText());
        return config with
        {
            Representations =
            [
                .. config.Representations.Select((representation, index) => Complete(item, representation, index)),
            ],
        };
    }

    // What the references keep beside pyvene's configuration: parameters, groups, an autoencoder's latents.
    private RepresentationConfig Complete(ReferenceCase item, RepresentationConfig representation, int index)
    {
        var parameters =
            item.Parameters.Length > index
                ? item.Parameters[index].ToDictionary(entry => entry.Key, entry => family.Tensor(entry.Value))
                : [];
        if (parameters.Remove("source_representation", out var source))
            representation = representation with { SourceRepresentation = source };
        if (parameters.Count > 0)
            representation = representation with
            {
                Intervention = InterventionParameters.Create(representation.InterventionType, parameters),
            };
        if (item.Member("groups") is { ValueKind: JsonValueKind.Array } groups)
            representation = representation with
            {
                GroupKey = groups
                    .EnumerateArray()
                    .ToList()
                    .FindIndex(group => group.EnumerateArray().Any(member => member.GetInt32() == index)),
            };
        if (
            item.Member("options") is { ValueKind: JsonValueKind.Object } options
            && options.TryGetProperty("interchange_dim", out var latents)
        )
            representation = representation with
            {
                InterchangeDimensions = [.. latents.EnumerateArray().Select(latent => latent.GetInt32())],
            };
        return representation;
    }

    private static RunSettings Settings(ReferenceCase item, IntervenableConfig config) =>
        new()
        {
            OutputOriginalOutput = true,
            Subspaces = SubspacesReader.Read(Places.Of(item.Member("subspaces")), config),
        };

    private List<ModelInputs?>? Sources(ReferenceCase item, ComponentMap map)
    {
        if (item.Sources.Length == 0)
            return null;
        var inputs = item.Sources.OfType<string>().Distinct().ToDictionary(name => name, name => Inputs(name, map));
        return [.. item.Sources.Select(name => name is null ? null : inputs[name])];
    }

    // The references were computed with positions 0, 1, … in padded rows too, where the model itself counts them so.
    private ModelInputs Inputs(string name, ComponentMap map)
    {
        var inputs = family.Inputs(name);
        if (
            map.PositionsCountKeptTokens
            || !inputs.Arrays.TryGetValue("attention_mask", out var mask)
            || inputs.Arrays.ContainsKey("position_ids")
            || map.Model.Graph.Inputs.All(input => input.Name != "position_ids")
        )
            return inputs;
        var positions = Enumerable.Range(0, mask.Length).Select(index => (long)(index % mask.Shape[^1])).ToArray();
        return new ModelInputs(inputs.Arrays.Add("position_ids", NumericArray.Of(positions, [.. mask.Shape])));
    }

    private static UnitLocations? Locations(ReferenceCase item, IntervenableConfig config) =>
        item.UnitLocations.ValueKind == JsonValueKind.Object
            ? new UnitLocations(
                UnitLocationsReader.Side(Places.Of(item.UnitLocations.GetProperty("sources")), config),
                UnitLocationsReader.Side(Places.Of(item.UnitLocations.GetProperty("base")), config)
            )
            : null;

    private CaseOutcome Outcome(ReferenceCase item, string outcome, double? difference, string? message) =>
        new(family.Name, export.Name, item.Name, item.Kind, outcome, difference, message);

    private static LoadedModel Load(string path) => LoadedModel.Load(path, new ExecutionOptions { Threads = 1 });
}
