using OnnxIntervene.Execution.Results;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Cli.Commands;

/// <summary>
/// Which outputs of a run are compared and saved: every tensor of numbers, caches only where they are asked for. A
/// cache
/// is several times as large as the logits, and holds nothing that the outputs do not show.
/// </summary>
internal sealed class OutputChoice
{
    private const string All = "all";
    private const string CachePrefix = "present";

    private readonly IReadOnlyCollection<string> _names;

    /// <param name="names">The outputs that the user asked for; none for the usual ones.</param>
    /// <param name="model">The model.</param>
    /// <exception cref="InterventionException">The model has no such output.</exception>
    public OutputChoice(IReadOnlyCollection<string> names, Model model)
    {
        _names = names;
        var outputs = model.Graph.Outputs.Select(output => output.Name).ToList();
        foreach (var name in names.Where(name => name != All && !outputs.Contains(name)))
            throw new InterventionException(
                $"--compare '{name}': the model has no such output. It has: {string.Join(", ", outputs)}."
            );
        foreach (var output in model.Graph.Outputs.Where(output => names.Contains(output.Name)))
        {
            if (!output.IsTensor || output.Type?.ElementType == ElementType.Text)
                throw new InterventionException(
                    $"--compare '{output.Name}': it is no tensor of numbers, so it cannot be compared."
                );
        }
    }

    /// <summary>The outputs that are compared, and what is left out and why.</summary>
    public (List<ComparedOutput> Compared, List<OtherOutput> LeftOut, List<string> Caches) Of(RunResult result)
    {
        var (compared, leftOut) = (new List<ComparedOutput>(), result.Intervened.LeftOut.ToList());
        var names = result.Outputs.Keys.ToList();
        var caches = names.Where((name, index) => index > 0 && !IsWanted(name)).ToList();
        foreach (var name in names.Except(caches).Where(IsChosen))
        {
            // A number may be too large to be read; the other outputs still can be.
            try
            {
                compared.Add(new ComparedOutput(name, Array(result.Original!, name), Array(result.Intervened, name)));
            }
            catch (ExecutionException fault)
            {
                leftOut.Add(new OtherOutput(name, fault.Message));
            }
        }

        return (compared, leftOut, caches);
    }

    private bool IsChosen(string name) => _names.Count == 0 || _names.Contains(All) || _names.Contains(name);

    private bool IsWanted(string name) => _names.Count > 0 || !name.StartsWith(CachePrefix, StringComparison.Ordinal);

    private static NumericArray Array(ModelOutput output, string name) => output.Outputs[name].Array;
}
