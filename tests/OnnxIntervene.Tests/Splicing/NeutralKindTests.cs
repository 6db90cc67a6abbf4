using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Numerics;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Splicing;

/// <summary>
/// Every kind leaves the model's output as it is when its setting is neutral, in one session with all the others.
/// </summary>
public sealed class NeutralKindTests
{
    private static readonly InterventionType[] s_rounding =
    [
        InterventionType.RotatedSpace,
        InterventionType.BoundlessRotatedSpace,
        InterventionType.SigmoidMaskRotatedSpace,
        InterventionType.PCARotatedSpace,
    ];

    private static readonly ModelInputs s_inputs = ModelInputs.FromTokens([
        [1, 5, 9, 2, 7],
        [3, 3, 8, 11, 4],
    ]);
    private static readonly UnitLocations s_locations = UnitLocations.SourcesToBase(
        new UnitLocation([
            [3],
            [1],
        ])
    );

    [TestCaseSource(typeof(NeutralityTests), nameof(NeutralityTests.Models))]
    public void Kinds_that_add_nothing_choose_nothing_or_swap_with_themselves_are_bit_identical(string path)
    {
        var result = Run(path, InterventionType.All.Except(s_rounding));

        Assert.That(result.Intervened.Logits.Floats.SequenceEqual(result.Original!.Logits.Floats));
    }

    [TestCaseSource(typeof(NeutralityTests), nameof(NeutralityTests.Models))]
    public void Rotations_of_the_base_with_itself_give_the_base_within_rounding(string path)
    {
        var result = Run(path, s_rounding);
        var largest = Difference.Largest(result.Original!.Logits.Floats, new float[result.Original.Logits.Length]);

        Assert.That(
            Difference.Largest(result.Intervened.Logits.Floats, result.Original.Logits.Floats),
            Is.LessThan(1e-4 * Math.Max(1, largest))
        );
    }

    [TestCaseSource(typeof(NeutralityTests), nameof(NeutralityTests.Models))]
    public void A_site_of_any_kind_that_is_not_fed_changes_nothing(string path)
    {
        var model = OnnxFile.Load(path);
        var component = ModuleInput(ComponentMap.Find(model));
        var kinds = InterventionType.All.Select(kind => Neutral(kind, component)).ToList();
        var sites = kinds
            .Select(item => new SpliceSite(component.Address, item.InterventionType)
            {
                Sizes = item.Intervention!.Sizes,
                HasSubspaces =
                    item.InterventionType.TakesSubspaces
                    && item.InterventionType.Name
                        is not (nameof(InterventionType.Collect) or nameof(InterventionType.Lambda)),
                ModuleInput = item.InterventionType.ReadsModuleInput ? component.Address : null,
                Custom = item.Intervention as CustomIntervention,
            })
            .ToList();
        using var plain = IntervenableModel.Load(path, IntervenableConfig.Empty, new ExecutionOptions { Threads = 1 });
        using var session = InterventionSession.Open(
            Splicer.Splice(model, ComponentMap.Find(model), sites),
            new ExecutionOptions { Threads = 1 }
        );

        var neutral = session.Run(s_inputs, [.. sites.Select(_ => SiteFeed.Neutral)], [session.FirstOutput])[0];

        Assert.That(
            Difference.Largest(neutral.Floats, plain.Run(s_inputs).Intervened.Logits.Floats),
            Is.LessThan(1e-5)
        );
    }

    private static RunResult Run(string path, IEnumerable<InterventionType> kinds)
    {
        var component = ModuleInput(ComponentMap.Find(OnnxFile.Load(path)));
        var config = new IntervenableConfig { Representations = [.. kinds.Select(kind => Neutral(kind, component))] };
        using var model = IntervenableModel.Load(path, config, new ExecutionOptions { Threads = 1 });
        var settings = new RunSettings
        {
            Coefficients = kinds.Any(kind => kind.HasCoefficient) ? [Coefficient.Of(0)] : [],
            Subspaces = new Subspaces([.. config.Representations.Select(item => Nothing(item.InterventionType))]),
            OutputOriginalOutput = true,
        };
        return model.Run(s_inputs, [s_inputs], s_locations, settings);
    }

    // What a module reads, so that skipping leaves the values as they are.
    private static Component ModuleInput(ComponentMap map) =>
        map.Components.First(component =>
            component is { Address.Layer: 1, Layout: ComponentLayout.Positions, Width: > 0 }
            && ComponentNames.InputOf(component.Address.Name) == component.Address.Name
        );

    // Kinds that cannot be neutral otherwise write into no dimension.
    private static ImmutableArray<ImmutableArray<int>>? Nothing(InterventionType kind) =>
        kind.Name
            is nameof(InterventionType.Zero)
                or nameof(InterventionType.Mean)
                or nameof(InterventionType.ConstantSource)
                or nameof(InterventionType.LoReFT)
                or nameof(InterventionType.ProjectOut)
            ?
            [
                [],
            ]
            : null;

    private static RepresentationConfig Neutral(InterventionType kind, Component component) =>
        new()
        {
            Layer = component.Address.Layer,
            Component = component.Address.Name,
            Intervention = Intervention(kind, component.Width),
        };

    private static Intervention Intervention(InterventionType kind, int width) =>
        kind.Name switch
        {
            nameof(InterventionType.Mean) => new MeanIntervention(Normal(width)),
            nameof(InterventionType.ConstantSource) => new ConstantSourceIntervention(Normal(width)),
            nameof(InterventionType.Noise) => new NoiseIntervention(0f),
            nameof(InterventionType.Lambda) => new LambdaIntervention(_ => null),
            nameof(InterventionType.Custom) => new CustomIntervention(rows => rows.Ops.Identity(rows.Base)),
            nameof(InterventionType.LoRA) => new LoRAIntervention(
                Normal(2, width),
                NumericArray.Of(new float[2 * width], width, 2)
            ),
            nameof(InterventionType.LoReFT) => new LoReFTIntervention(Rotation(width, 2), Normal(2, width), Normal(2)),
            nameof(InterventionType.ProjectOut) => new ProjectOutIntervention(Normal(2, width)),
            nameof(InterventionType.ConditionalAddition) => new ConditionalAdditionIntervention(
                Normal(width),
                0,
                keepsNorm: true
            ),
            nameof(InterventionType.Clamp) => new ClampIntervention(Normal(width), -1e9f, 1e9f),
            nameof(InterventionType.SigmoidMask) => new SigmoidMaskIntervention(
                NumericArray.Of(Enumerable.Repeat(-1e6f, width).ToArray(), width),
                One(1)
            ),
            nameof(InterventionType.Autoencoder) => new AutoencoderIntervention(
                Signs(width, isTurned: true),
                Zeros(2 * width),
                Signs(width, isTurned: false),
                Zeros(width)
            ),
            nameof(InterventionType.JumpReLUAutoencoder) => JumpReLU(width),
            _ => Rotated(kind, width),
        };

    private static Intervention Rotated(InterventionType kind, int width) =>
        kind.Name switch
        {
            nameof(InterventionType.LowRankRotatedSpace) => new LowRankRotatedSpaceIntervention(Rotation(width, 3)),
            nameof(InterventionType.RotatedSpace) => new RotatedSpaceIntervention(Rotation(width, width)),
            nameof(InterventionType.BoundlessRotatedSpace) => new BoundlessRotatedSpaceIntervention(
                Rotation(width, width),
                One(0.5f),
                One(1)
            ),
            nameof(InterventionType.SigmoidMaskRotatedSpace) => new SigmoidMaskRotatedSpaceIntervention(
                Rotation(width, width),
                Normal(width),
                One(1)
            ),
            nameof(InterventionType.PCARotatedSpace) => new PCARotatedSpaceIntervention(
                Rotation(width, width),
                Normal(width),
                NumericArray.Of(Enumerable.Repeat(2f, width).ToArray(), width)
            ),
            _ => kind.Parameters.IsEmpty
                ? kind.Fresh(new KindStart(width))!
                : throw new NotSupportedException($"Say here when {kind} is neutral."),
        };

    private static JumpReLUAutoencoderIntervention JumpReLU(int width) =>
        new(
            Signs(width, isTurned: false),
            Signs(width, isTurned: true),
            Zeros(2 * width),
            Zeros(2 * width),
            Zeros(width)
        );

    // [width, 2 width], the identity and its negative side by side: x is the ReLU of x less that of −x.
    private static NumericArray Signs(int width, bool isTurned)
    {
        var numbers = new float[2 * width * width];
        for (var index = 0; index < width; index++)
        {
            numbers[isTurned ? index * width + index : index * 2 * width + index] = 1;
            numbers[isTurned ? (width + index) * width + index : index * 2 * width + width + index] = -1;
        }

        return isTurned ? NumericArray.Of(numbers, 2 * width, width) : NumericArray.Of(numbers, width, 2 * width);
    }

    private static NumericArray Rotation(int rows, int columns) => Orthonormalization.Columns(Normal(rows, columns));

    private static NumericArray Normal(params ReadOnlySpan<int> shape)
    {
        var count = 1;
        foreach (var size in shape)
            count *= size;
        return NumericArray.Of(
            Array.ConvertAll(new NumpyRandom(3).StandardNormal(count), number => (float)number),
            shape
        );
    }

    private static NumericArray Zeros(int length) => NumericArray.Of(new float[length], length);

    private static NumericArray One(float number) => NumericArray.Of(new[] { number }, 1);
}
