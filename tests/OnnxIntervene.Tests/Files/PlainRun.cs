using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Tests.Files;

/// <summary>ONNX Runtime on a model as it is.</summary>
internal static class PlainRun
{
    public static NumericArray Output(Model model, ImmutableDictionary<string, NumericArray> arrays, string output)
    {
        using var session = SessionFactory.Open(model, new ExecutionOptions { Threads = 1 });
        var values = arrays.ToDictionary(
            array => array.Key,
            array => OrtArrays.Create(array.Value, session.InputMetadata[array.Key].ElementDataType, array.Key)
        );
        try
        {
            using var options = new RunOptions();
            using var results = session.Run(options, values, [output]);
            return OrtArrays.Copy(results[0], output);
        }
        finally
        {
            foreach (var value in values.Values)
                value.Dispose();
        }
    }
}
