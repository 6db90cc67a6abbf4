using System.Collections.Immutable;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Tests.Interpretation;

/// <summary>Draws a valid run: which components, kinds, groups, sources and constants.</summary>
internal sealed class RunDraw(CutModel model, Draws draws)
{
    private const int VocabularySize = 60;
    private readonly int _batch = draws.From(1, 3);
    private readonly int? _length = draws.Chance(0.6) ? draws.From(4, 7) : null;

    /// <summary>
    /// A run whose first intervention is of the kind; it is the only one where <paramref name="isAlone"/>.
    /// </summary>
    public DrawnRun Draw(InterventionType kind, bool isAlone)
    {
        var count = isAlone ? 1 : draws.From(2, 4);
        var mode = !isAlone && draws.Chance(0.3) ? InterventionMode.Serial : InterventionMode.Parallel;
        var areGrouped = draws.Chance(0.4);
        int[] keys = [.. Enumerable.Range(0, count).Select(index => areGrouped ? 3 * draws.From(0, 1) : index)];
        var groups = keys.Distinct().Order().ToList();
        var sources = Sources(groups.Count, mode, isAlone);
        var @base = Inputs();
        var drawn = new List<DrawnRepresentation>();
        for (var index = 0; index < count; index++)
        {
            var group = groups.IndexOf(keys[index]);
            var source = sources.Length == 1 ? sources[0] : sources[group];
            var next =
                group + 1 == groups.Count || mode == InterventionMode.Parallel || source is null
                    ? @base
                    : sources[sources.Length == 1 ? 0 : group + 1]!;
            var partner = index > 0 && draws.Chance(0.25) ? drawn[index - 1] = Linked(drawn[index - 1], index) : null;
            var representation = new RepresentationDraw(model, draws, source, next, @base);
            var made = representation.Draw(index == 0 ? kind : draws.One(DrawnKinds.Beside(kind)), partner);
            drawn.Add(made with { Config = made.Config with { GroupKey = areGrouped ? keys[index] : null } });
        }

        return new DrawnRun(
            new IntervenableConfig { Representations = [.. drawn.Select(item => item.Config)], Mode = mode },
            @base,
            sources,
            new UnitLocations([.. drawn.Select(item => item.Source)], [.. drawn.Select(item => item.Base)]),
            Settings(drawn)
        );
    }

    private static DrawnRepresentation Linked(DrawnRepresentation partner, int key) =>
        partner with
        {
            Config = partner.Config with { InterventionLinkKey = partner.Config.InterventionLinkKey ?? key },
        };

    private RunSettings Settings(List<DrawnRepresentation> drawn) =>
        new()
        {
            Subspaces = drawn.Exists(item => item.Subspaces is not null)
                ? new Subspaces([.. drawn.Select(item => item.Subspaces)])
                : Subspaces.Whole,
            SourceRepresentations = drawn.Exists(item => item.Constant is not null)
                ? [.. drawn.Select(item => item.Constant)]
                : [],
            Coefficients = draws.From(0, 2) switch
            {
                1 when drawn.Exists(HasCoefficient) => [One()],
                2 => [.. drawn.Select(item => HasCoefficient(item) ? One() : Coefficient.One)],
                _ => [],
            },
            OutputOriginalOutput = true,
        };

    private static bool HasCoefficient(DrawnRepresentation item) =>
        (item.Config.Intervention?.Type ?? item.Config.InterventionType).HasCoefficient;

    private Coefficient One() =>
        draws.Chance(0.5)
            ? Coefficient.Of(draws.One([0.5f, -2f, 3f]))
            : Coefficient.PerExample(draws.Normal(2, _batch).Floats);

    // In a chain only the first may be left out: a later one is what an earlier one is written into.
    private ImmutableArray<ModelInputs?> Sources(int groups, InterventionMode mode, bool isAlone)
    {
        if (groups > 1 && draws.Chance(0.15))
            return [Inputs()];
        return
        [
            .. Enumerable
                .Range(0, groups)
                .Select(group =>
                    !isAlone && draws.Chance(0.15) && (mode == InterventionMode.Parallel || (group == 0 && groups > 1))
                        ? null
                        : Inputs()
                ),
        ];
    }

    private ModelInputs Inputs()
    {
        var length = _length ?? draws.From(4, 7);
        var tokens = Enumerable
            .Range(0, _batch * length)
            .Select(_ => (long)draws.From(0, VocabularySize - 1))
            .ToArray();
        var arrays = ImmutableDictionary<string, NumericArray>.Empty.Add(
            "input_ids",
            NumericArray.Of(tokens, _batch, length)
        );
        if (draws.Chance(0.7))
            return new ModelInputs(arrays);
        var kept = Enumerable.Range(0, _batch).Select(_ => draws.From(2, length)).ToArray();
        var mask = Enumerable
            .Range(0, tokens.Length)
            .Select(index => index % length < kept[index / length] ? 1L : 0L)
            .ToArray();
        return new ModelInputs(arrays.Add("attention_mask", NumericArray.Of(mask, _batch, length)));
    }
}
