using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.CompilerServices;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Generation;

/// <summary>
/// Tries whether a model goes on with a text: other tokens behind a position must leave its logits as they are. One
/// that reads both sides, such as BERT, fills gaps, and gives tokens all the same. A model with a cache is not tried,
/// since what a cache holds cannot depend on later tokens.
/// </summary>
internal static class CausalTrial
{
    private const int Longest = 8;

    // The same numbers are computed of the same tokens, whatever stands behind them; rounding is far below.
    private const double Tolerance = 1e-3;

    // Activations that are quantised by a scale of the whole tensor move a little with every token, and far less than
    // with tokens that are read.
    private const double ShareOfRead = 0.3;

    // A model is what it is: one trial serves all generations.
    private static readonly ConditionalWeakTable<LoadedModel, StrongBox<double>> s_distances = [];

    /// <summary>Refuses a model whose positions read later ones.</summary>
    /// <param name="model">The model.</param>
    /// <param name="recipe">The session of the generation; its sites do nothing in the trial.</param>
    /// <param name="prompts">The prompts; the trial's tokens are the first one's.</param>
    /// <param name="longestRead">How many tokens the longest run of the generation reads.</param>
    /// <exception cref="InterventionException">Positions read later ones.</exception>
    /// <exception cref="ExecutionException">ONNX Runtime cannot open the model, or stopped a run.</exception>
    public static void Require(
        LoadedModel model,
        SessionRecipe recipe,
        ImmutableArray<ImmutableArray<int>> prompts,
        int longestRead
    )
    {
        var length = Math.Min(Longest, longestRead);
        if (length < 2 || HasCache(model.Model.Graph))
            return;
        var distance = s_distances.GetValue(
            model,
            _ => new StrongBox<double>(DistanceOf(model, recipe, Text(prompts[0], length), RowsOf(model)))
        );
        if (distance.Value > Tolerance)
            throw new InterventionException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The model reads both sides: with other tokens behind a position, its logits move by {
                        distance.Value * 100:0.##} % of the largest. "
                )
                    + "Such a model (BERT, an encoder) fills gaps in a text and cannot go on with one. Generate with a "
                    + "decoder (…ForCausalLM), or intervene on single runs of this model: 'run', in C# Run."
            );
    }

    private static double DistanceOf(LoadedModel model, SessionRecipe recipe, ImmutableArray<int> text, int rows)
    {
        using var lease = model.Lease(recipe);
        var half = text.Length / 2;
        var later = Distance(half.., ..half);
        if (!(later > Tolerance))
            return 0;
        return RowMixing.FindNode(model.Model) is null || later > ShareOfRead * Distance(..half, half..) ? later : 0;

        double Distance(Range changed, Range read) =>
            LaterPositions.Distance(lease.Session, text, rows, changed, read, CancellationToken.None);
    }

    private static ImmutableArray<int> Text(ImmutableArray<int> prompt, int length) =>
        [.. Enumerable.Range(0, length).Select(index => prompt[index % prompt.Length])];

    private static bool HasCache(Graph graph) =>
        graph.Inputs.Any(input => input.Name.StartsWith(InputFiller.PastPrefix, StringComparison.Ordinal));

    // Some files take one number of texts alone.
    private static int RowsOf(LoadedModel model) => (int)(FixedSizes.Of(model.Model.Graph).Rows ?? 1);
}
