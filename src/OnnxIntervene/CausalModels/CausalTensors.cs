using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.CausalModels;

/// <summary>Settings of causal models as arrays of numbers.</summary>
public static class CausalTensors
{
    /// <summary>The inputs' values one after the other (pyvene's <c>input_to_tensor</c>); truths are 1 and 0.</summary>
    /// <exception cref="InterventionException">An input is left out, or is a text.</exception>
    public static NumericArray InputToTensor(CausalModel model, CausalSetting setting)
    {
        ArgumentNullException.ThrowIfNull(model);
        return ToTensor(model.Inputs, setting);
    }

    /// <summary>The outputs' values one after the other (pyvene's <c>output_to_tensor</c>).</summary>
    /// <exception cref="InterventionException">An output is left out, or is a text.</exception>
    public static NumericArray OutputToTensor(CausalModel model, CausalSetting setting)
    {
        ArgumentNullException.ThrowIfNull(model);
        return ToTensor(model.Outputs, setting);
    }

    /// <summary>
    /// The class that an output's value is: of a truth 0 or 1, of other values their number among those that the
    /// variable can have.
    /// </summary>
    /// <exception cref="InterventionException">The model has not exactly one output.</exception>
    public static int ClassOf(CausalModel model, CausalSetting setting)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(setting);
        var output = OnlyOutput(model);
        var value = setting[output.Name];
        return value.Kind == CausalValueKind.Truth ? (value.IsTrue ? 1 : 0) : output.Values.IndexOf(value);
    }

    /// <summary>The only output.</summary>
    /// <exception cref="InterventionException">There are several.</exception>
    internal static CausalVariable OnlyOutput(CausalModel model) =>
        model.Outputs is [var output]
            ? output
            : throw new InterventionException(
                $"The causal model has {model.Outputs.Length} outputs, and an example has one label: keep one variable "
                    + "that nothing is computed from."
            );

    private static NumericArray ToTensor(ImmutableArray<CausalVariable> variables, CausalSetting setting)
    {
        ArgumentNullException.ThrowIfNull(setting);
        float[] numbers = [.. variables.SelectMany(variable => Floats(variable.Name, setting[variable.Name]))];
        return NumericArray.Of(numbers, numbers.Length);
    }

    private static ImmutableArray<float> Floats(string name, CausalValue value) =>
        value.ToFloats()
        ?? throw new InterventionException(
            $"'{name}' is the text '{value}', which is no number; describe inputs by a template of text instead."
        );
}
