using System.Collections.Immutable;
using OnnxIntervene.Checking.Runs;
using OnnxIntervene.Execution;
using OnnxIntervene.Execution.Results;
using OnnxIntervene.IR;
using OnnxIntervene.Numerics;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Baking;

/// <summary>
/// Runs the original with its interventions and the baked file, as any program would run it, on the same inputs.
/// </summary>
internal sealed class BakeProof(IntervenableModel model, BakeRequest request, BakedModel baked)
{
    private const double UsualTolerance = 1e-5;
    private const double HalfTolerance = 1e-2;

    /// <summary>Compares on every input.</summary>
    /// <param name="path">The baked file.</param>
    /// <param name="adapter">The adapter beside it; null for none.</param>
    /// <param name="cancellation">Ends the runs early.</param>
    /// <exception cref="InterventionException">The file computes something else.</exception>
    public ImmutableArray<BakeEvidence> Of(string path, string? adapter, CancellationToken cancellation)
    {
        using var session = new FileSession(path, model.Loaded.Options, model.Components);
        var evidence = ImmutableArray.CreateBuilder<BakeEvidence>();
        foreach (var (name, inputs) in Inputs())
        {
            using var run = new EveryPosition(model, request).Run(inputs, cancellation);
            var (intervened, plain) = (run.Intervened.Outputs, run.Original!.Outputs);
            RequireFinite(name, intervened, plain);
            var changed = Compared("", intervened, name => plain[name].Array, 0);
            var effect = changed.Difference;
            var actual = session.Run(RemovedEntries.Of(inputs, baked.Smaller), adapter, cancellation);
            Add(
                Compared(name, intervened, output => actual[output], effect) with
                {
                    Divergence = Divergence(run.Intervened, actual),
                },
                changed.Relative
            );
            if (adapter is null)
                continue;
            var off = session.Run(inputs, null, cancellation);
            Add(Compared($"{name}, the adapter off", plain, output => off[output], effect), 0);
        }

        return evidence.ToImmutable();

        void Add(BakeEvidence found, double relativeEffect)
        {
            if (!baked.Roundings.IsEmpty && request.Tolerance is null)
                RequireLessThanEffect(found, relativeEffect);
            else
                Require(found);
            evidence.Add(found);
        }
    }

    private IEnumerable<(string Name, ModelInputs Inputs)> Inputs()
    {
        var random = new RandomInputs(
            model.Model.Graph,
            model.Components.Limits,
            model.Configuration.ImageSize,
            seed: 1
        ).Draw(variesAll: true);
        return request
            .Inputs.Select((inputs, index) => ($"prompt {index + 1}", inputs))
            .Prepend(("random 2", random.Source))
            .Prepend(("random 1", random.Base));
    }

    private BakeEvidence Compared(
        string name,
        IReadOnlyDictionary<string, TensorValue> expected,
        Func<string, NumericArray> actual,
        double effect
    )
    {
        var worst = new BakeEvidence(name, 0, 1, effect);
        foreach (var (output, value) in expected)
        {
            var mark = baked.Smaller.GetValueOrDefault(output);
            var numbers = RemovedEntries.Of(value.Array, mark);
            var other = actual(output);
            if (!other.Shape.SequenceEqual(numbers.Shape))
                other = RemovedEntries.Of(other, mark);
            var difference = OutputDifference.Of(numbers, other).Largest;
            var scale = numbers.IsInteger ? 1 : Math.Max(1, LargestMagnitude(numbers));
            if (!(difference / scale <= worst.Relative))
                worst = new BakeEvidence(name, difference, scale, effect);
        }

        return worst;
    }

    // The first output, where its name says that it is logits.
    private static double? Divergence(ModelOutput expected, IReadOnlyDictionary<string, NumericArray> actual)
    {
        var name = expected.Outputs.Keys.First();
        if (!name.Contains("logits", StringComparison.OrdinalIgnoreCase) || expected.Logits.IsInteger)
            return null;
        var (reference, logits) = (expected.Logits, actual[name]);
        var width = reference.Shape is [.., var last] ? last : 1;
        var (sum, rows) = (0.0, reference.Length / Math.Max(1, width));
        for (var row = 0; row < rows; row++)
            sum += LogSoftmax.Divergence(
                reference.Floats.Slice(row * width, width),
                logits.Floats.Slice(row * width, width)
            );
        return rows == 0 ? null : sum / rows;
    }

    private static double LargestMagnitude(NumericArray numbers)
    {
        var largest = 0f;
        foreach (var number in numbers.Floats)
        {
            if (float.IsFinite(number))
                largest = Math.Max(largest, Math.Abs(number));
        }

        return largest;
    }

    // Two files that both give no numbers are equal, and neither is of any use.
    private static void RequireFinite(
        string input,
        IReadOnlyDictionary<string, TensorValue> intervened,
        IReadOnlyDictionary<string, TensorValue> plain
    )
    {
        var broken = intervened.FirstOrDefault(output =>
            !output.Value.Array.IsFinite && plain[output.Key].Array.IsFinite
        );
        if (broken.Key is { } name)
            throw new InterventionException(
                $"On {input} the interventions make numbers of '{name}' NaN or infinite, which are finite without "
                    + "them. Nothing was written. Are a vector and its coefficient too large?"
            );
    }

    private void Require(BakeEvidence found)
    {
        var allowed = Allowed();
        if (found.Relative <= allowed)
            return;
        throw new InterventionException(
            FormattableString.Invariant(
                $"On {found.Input} the baked file differs from the intervened model by {found.Difference:g3}, "
            )
                + FormattableString.Invariant(
                    $"{found.Relative:g3} of the output's largest number; {allowed:g3} is allowed (--tolerance). "
                )
                + "Nothing was written. Bake it spliced (--spliced)."
        );
    }

    // How far rounded weights may be off is for the user to say; but they must bring the file nearer.
    private static void RequireLessThanEffect(BakeEvidence found, double relativeEffect)
    {
        if (found.Relative <= relativeEffect)
            return;
        throw new InterventionException(
            FormattableString.Invariant(
                $"On {found.Input} the weights that were quantised again make a difference of {found.Relative:g3} "
            )
                + FormattableString.Invariant(
                    $"of an output's largest number, and the interventions themselves one of {relativeEffect:g3}. "
                )
                + "Nothing was written. "
                + "Bake it spliced (--spliced), or say how much is allowed (--tolerance)."
        );
    }

    private double Allowed()
    {
        if (request.Tolerance is { } given)
            return given;
        var isHalf = model.Model.Graph.Initializers.Any(value =>
            value.Initializer?.ElementType is ElementType.Float16 or ElementType.BFloat16 && value.Uses.Count > 0
        );
        return isHalf ? HalfTolerance : UsualTolerance;
    }
}
