using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;
using OnnxIntervene.Tests.Execution;
using OnnxIntervene.Tests.Files;

namespace OnnxIntervene.Tests.Runtime;

/// <summary>ONNX Runtime's log lines arrive in the logger of the model that they are about.</summary>
public sealed class OrtLogTests
{
    [Test]
    public void What_onnx_runtime_logs_of_a_run_goes_to_the_models_own_logger()
    {
        using var folder = new TemporaryFolder();
        var sketch = new ModelSketch(8, 17);
        var table = sketch.Weights("table", 4, 8);
        // Behind an operator that makes other numbers of them, ids are not checked before a run.
        var ids = sketch.Op("positive", "Abs", [sketch.Input("ids", ElementType.Int64, -1, 3)]);
        var rows = sketch.Op("rows", "Gather", [table, ids]);
        rows.Type = ModelSketch.Type(ElementType.Float32, -1, 3, 8);
        OnnxFile.Save(sketch.Build(rows), folder.File("model.onnx"));
        var (own, other) = (new ListLogger(), new ListLogger());
        var config = new IntervenableConfig { Representations = [] };
        using var model = IntervenableModel.Load(
            folder.File("model.onnx"),
            config,
            new ExecutionOptions { Logger = own }
        );
        using var later = IntervenableModel.Load(TinyModels.Gpt2, config, new ExecutionOptions { Logger = other });
        later.Run(ModelInputs.FromTokens([1, 2])).Dispose();
        var beyond = new ModelInputs(
            ImmutableDictionary<string, NumericArray>.Empty.Add("ids", NumericArray.Of(new long[] { 0, 1, 77 }, 1, 3))
        );

        Assert.That(() => model.Run(beyond), Throws.TypeOf<ExecutionException>());

        Assert.That(own.Lines, Has.Some.Contains("ONNX Runtime: ").And.Some.Contains("77"));
        Assert.That(other.Lines, Has.None.Contains("ONNX Runtime: "));
    }

    private sealed class ListLogger : ILogger
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            lock (Lines)
                Lines.Add($"{logLevel} {formatter(state, exception)}");
        }
    }
}
