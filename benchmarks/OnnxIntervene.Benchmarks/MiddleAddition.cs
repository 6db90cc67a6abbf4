using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;

namespace OnnxIntervene.Benchmarks;

/// <summary>A steering vector's place in generations that are timed: the output of the middle layer.</summary>
internal static class MiddleAddition
{
    /// <summary>The addition; runs give the vector.</summary>
    public static IntervenableConfig Config(LoadedModel model) =>
        new()
        {
            Representations =
            [
                new()
                {
                    Layer = Middle(model),
                    Component = ComponentNames.BlockOutput,
                    InterventionType = InterventionType.Addition,
                },
            ],
        };

    /// <summary>How wide a vector is.</summary>
    public static int WidthOf(LoadedModel model) =>
        model.Components.Get(Middle(model), ComponentNames.BlockOutput).Width;

    private static int Middle(LoadedModel model) => model.Components.LayerCount / 2;
}
