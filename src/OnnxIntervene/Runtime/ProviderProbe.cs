using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.IR;

namespace OnnxIntervene.Runtime;

/// <summary>Opens and runs a model of one addition with an execution provider.</summary>
internal static class ProviderProbe
{
    private const int IrVersion = 8;
    private const int OperatorSet = 17;
    private static readonly float[] s_input = [1.5f];
    private static readonly long[] s_shape = [1];

    /// <exception cref="ExecutionException">The provider does not load, or cannot compute a sum.</exception>
    public static void Run(string provider)
    {
        using var session = SessionFactory.Open(Doubling(), new ExecutionOptions { Provider = provider, Threads = 1 });
        using var input = OrtValue.CreateTensorValueFromMemory(s_input, s_shape);
        using var options = new RunOptions();
        try
        {
            using var results = session.Run(options, ["x"], [input], ["y"]);
        }
        catch (OnnxRuntimeException fault)
        {
            throw new ExecutionException(
                $"The execution provider '{provider}' loads, but computes nothing: {fault.Message}",
                fault,
                provider
            );
        }
    }

    private static Model Doubling()
    {
        var graph = new Graph("probe");
        var type = new TensorType(ElementType.Float32, Shape.Of(1));
        var x = graph.AddInput("x", type);
        var y = graph.AddNode("add", new("", "Add"), [x, x], ["y"], []).Output;
        y.Type = type;
        graph.AddOutput(y);
        return new Model(graph, IrVersion, ImmutableSortedDictionary<string, long>.Empty.Add("", OperatorSet));
    }
}
