using System.Text.Json;
using OnnxIntervene.Execution;
using OnnxIntervene.Formats;
using OnnxIntervene.Interventions.Files;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;
using OnnxIntervene.Training;
using OnnxIntervene.Training.Optimizers;

namespace OnnxIntervene.Tests.Oracle;

/// <summary>Trainings that torch and pyvene did, step by step, on every export of a family that has them.</summary>
[Category("Oracle")]
public sealed class TrainingReferenceTests
{
    // Adam moves an entry as far for a gradient of 1e-8 as for one of 1. Turning the swapped dimensions among
    // themselves changes nothing, so the gradient by such entries is rounding alone, torch's as ours, and a training
    // follows it. How far that reaches is measured: the same training from numbers that differ by rounding.
    private const float Rounding = 1e-7f;
    private const double RoundingGradient = 1e-5;

    public static IEnumerable<TestCaseData> Exports() =>
        ReferenceFamily
            .All(RepositoryPaths.References)
            .Where(family => File.Exists(Path.Combine(TrainingCases.Folder(family), "training.json")))
            .SelectMany(family =>
                family.Exports.Select(export =>
                    new TestCaseData(family, export).SetArgDisplayNames(family.Name, export.Name)
                )
            );

    [TestCaseSource(nameof(Exports))]
    public void Trainings_give_torchs_losses_gradients_and_parameters(ReferenceFamily family, ReferenceExport export)
    {
        var tensors = SafetensorsFile.Open(Path.Combine(TrainingCases.Folder(family), "training.safetensors"));
        using var loaded = LoadedModel.Load(export.ModelPath, new ExecutionOptions { Threads = 1 });

        Assert.Multiple(() =>
        {
            foreach (var item in TrainingCases.Items(family).Where(item => IsTried(family, export, item, tensors)))
                Judge(loaded, item, tensors);
        });
    }

    // A training that follows its rounding takes two runs and tells less: once for each family.
    private static bool IsTried(
        ReferenceFamily family,
        ReferenceExport export,
        JsonElement item,
        SafetensorsFile tensors
    ) => export == family.Exports[0] || !FollowsRounding(item, tensors);

    private static bool FollowsRounding(JsonElement item, SafetensorsFile tensors) =>
        item.GetProperty("first_gradients")
            .EnumerateObject()
            .Any(gradient => HasRounding(tensors.Read(gradient.Value.GetString()!)));

    private static void Judge(LoadedModel loaded, JsonElement item, SafetensorsFile tensors)
    {
        var name = item.GetProperty("name").GetString()!;
        var losses = item.GetProperty("losses").EnumerateArray().Select(loss => loss.GetDouble()).ToList();
        var own = Train(loaded, item, tensors, 0);
        var other = FollowsRounding(item, tensors) ? Train(loaded, item, tensors, Rounding) : own;

        foreach (var gradient in item.GetProperty("first_gradients").EnumerateObject())
        {
            var wanted = tensors.Read(gradient.Value.GetString()!);
            var (difference, scale) = Difference(own.Gradients[gradient.Name], wanted);
            Assert.That(
                difference,
                Is.LessThanOrEqualTo((1e-4 * scale) + 1e-6),
                $"{name}: gradient of {gradient.Name}"
            );
        }

        Assert.That(own.Losses[0], Is.EqualTo(losses[0]).Within(1e-5 * losses[0]), $"{name}: first loss");
        var reach = 2 * own.Losses.Zip(other.Losses, (left, right) => Math.Abs(left - right)).Max();
        for (var step = 1; step < losses.Count; step++)
            Assert.That(
                own.Losses[step],
                Is.EqualTo(losses[step]).Within((1e-4 * losses[step]) + reach),
                $"{name}: step {step}"
            );
        foreach (var last in item.GetProperty("final").EnumerateObject())
        {
            var (difference, scale) = Difference(own.State[last.Name], tensors.Read(last.Value.GetString()!));
            var moved = 2 * Difference(own.State[last.Name], other.State[last.Name]).Largest;
            Assert.That(difference, Is.LessThanOrEqualTo((1e-3 * scale) + moved), $"{name}: final {last.Name}");
        }
    }

    // Rounding moves the trained numbers of the start, which is what another order of sums would do.
    private static Training Train(LoadedModel loaded, JsonElement item, SafetensorsFile tensors, float rounding)
    {
        using var model = loaded.With(TrainingCases.Config(item, tensors, rounding));
        var count = item.GetProperty("losses").GetArrayLength();
        var options = Options(item, count);
        using var trainer = new Trainer(model, options);
        var batches = Enumerable.Range(0, count).Select(step => TrainingCases.Batch(item, tensors, step)).ToList();
        var gradients = trainer.Gradients(batches[0]).Parameters;
        var losses = batches.Select(batch => trainer.Step(batch).Loss).ToList();
        return new Training(
            losses,
            gradients.ToDictionary(
                gradient => gradient.Name,
                gradient => Scaled(gradient.Gradient, 1f / options.GradientAccumulation)
            ),
            InterventionState
                .Write(trainer.Interventions[0], null, 0)
                .ToDictionary(entry => entry.Key, entry => entry.Value.Array)
        );
    }

    private sealed record Training(
        List<double> Losses,
        Dictionary<string, NumericArray> Gradients,
        Dictionary<string, NumericArray> State
    );

    private static NumericArray Scaled(NumericArray array, float factor) =>
        NumericArray.Of(array.Floats.ToArray().Select(number => number * factor).ToArray(), array.Shape.AsSpan());

    private static bool HasRounding(NumericArray gradient)
    {
        var largest = gradient.Floats.ToArray().Max(Math.Abs);
        return gradient.Floats.ToArray().Any(number => number != 0 && Math.Abs(number) < RoundingGradient * largest)
            || largest < RoundingGradient;
    }

    private static (double Largest, double Scale) Difference(NumericArray own, NumericArray wanted)
    {
        Assert.That(own.Length, Is.EqualTo(wanted.Length));
        var (scale, difference) = (0.0, 0.0);
        for (var index = 0; index < own.Length; index++)
        {
            scale = Math.Max(scale, Math.Abs(wanted.Floats[index]));
            difference = Math.Max(difference, Math.Abs(own.Floats[index] - (double)wanted.Floats[index]));
        }

        return (difference, scale);
    }

    private static TrainingOptions Options(JsonElement item, int batches)
    {
        var optimizer = item.GetProperty("optimiser");
        var accumulation = item.GetProperty("gradient_accumulation").GetInt32();
        var rate = optimizer.GetProperty("lr").GetDouble();
        return new TrainingOptions
        {
            Optimizer = optimizer.GetProperty("name").GetString() switch
            {
                "sgd" => new Sgd(rate),
                "adam" => new Adam(rate),
                "adamw" => new AdamW(rate) { WeightDecay = optimizer.GetProperty("weight_decay").GetDouble() },
                var name => throw new InvalidOperationException(name),
            },
            Schedule =
                item.TryGetProperty("schedule", out var schedule) && schedule.ValueKind == JsonValueKind.String
                    ? LearningRateSchedule.Linear()
                    : LearningRateSchedule.Constant,
            GradientAccumulation = accumulation,
            Steps = batches / accumulation,
            MaximumGradientNorm =
                item.TryGetProperty("clip_grad_norm", out var norm) && norm.ValueKind == JsonValueKind.Number
                    ? norm.GetDouble()
                    : null,
            Temperature =
                item.TryGetProperty("temperature", out var range) && range.ValueKind == JsonValueKind.Array
                    ? new TemperatureSchedule(range[0].GetDouble(), range[1].GetDouble())
                    : null,
            BoundaryWeight = item.GetProperty("boundary_weight").GetDouble(),
        };
    }
}
