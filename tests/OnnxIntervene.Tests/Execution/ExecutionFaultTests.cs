using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Tests.Files;

namespace OnnxIntervene.Tests.Execution;

/// <summary>What ONNX Runtime refuses keeps ONNX Runtime's own code.</summary>
public sealed class ExecutionFaultTests
{
    [Test]
    public void A_model_that_onnx_runtime_cannot_open_is_not_a_wrong_request()
    {
        var sketch = new ModelSketch(8, 17);
        var model = sketch.Build(sketch.Op("y", "NoSuchOperator", [sketch.Input("x", -1, 2)]));

        var fault = Assert.Throws<ExecutionException>(() =>
            SessionFactory.Open(model, new ExecutionOptions()).Dispose()
        )!;

        Assert.That(fault.ErrorCode, Is.Not.Null.And.Not.Empty);
        Assert.That(fault.Provider, Is.EqualTo("cpu"));
        Assert.That(fault.Message, Does.Contain("NoSuchOperator"));
        Assert.That(fault.InnerException, Is.Not.Null);
    }

    [Test]
    public void A_run_that_onnx_runtime_stops_has_its_error_code()
    {
        using var model = TinyModels.Load(TinyModels.At(0, new CollectIntervention()));
        var inputs = ModelInputs.FromTokens([1, 2, 3]);
        var positions = NumericArray.Of(new long[] { 0, 1 }, 1, 2);

        var fault = Assert.Throws<ExecutionException>(() =>
            model.Run(new ModelInputs(inputs.Arrays.Add("position_ids", positions)))
        )!;

        Assert.That(fault.ErrorCode, Is.Not.Null.And.Not.Empty);
        Assert.That(fault.Provider, Is.EqualTo("cpu"));
    }
}
