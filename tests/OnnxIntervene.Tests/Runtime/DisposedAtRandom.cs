using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;
using OnnxIntervene.Tests.Execution;

namespace OnnxIntervene.Tests.Runtime;

/// <summary>A few models that many threads run, dispose and replace, without any order among them.</summary>
internal sealed class DisposedAtRandom : IDisposable
{
    private const int Slots = 4;
    private const int RunsPerDisposal = 12;

    private readonly string _path;
    private readonly ExecutionOptions _options;
    private readonly IntervenableConfig _config;
    private readonly ModelInputs _inputs;
    private readonly float[] _expected;
    private readonly LoadedModel[] _models;
    private int _disposed;
    private int _right;
    private int _wrong;

    public DisposedAtRandom(string path, ExecutionOptions options)
    {
        (_path, _options) = (path, options);
        _models = [.. Enumerable.Range(0, Slots).Select(_ => LoadedModel.Load(path, options))];
        _config = ZeroAt(_models[0].Components.Components[0].Address);
        _inputs = InputsOf(_models[0].Model.Graph.Inputs[0]);
        _expected = Run(_models[0]);
    }

    /// <summary>How many models were disposed of.</summary>
    public int Disposed => _disposed;

    /// <summary>How many runs had the right numbers.</summary>
    public int Right => _right;

    /// <summary>How many runs had other numbers.</summary>
    public int Wrong => _wrong;

    /// <summary>Runs and disposes until so many models were disposed of by all threads together.</summary>
    public void Go(int seed, int disposals)
    {
        var random = new Random(seed);
        while (Volatile.Read(ref _disposed) < disposals)
        {
            var slot = random.Next(Slots);
            if (random.Next(RunsPerDisposal) == 0)
                Replace(slot);
            else
                Check(Volatile.Read(ref _models[slot]));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var model in _models)
            model.Dispose();
    }

    private void Replace(int slot)
    {
        var old = Interlocked.Exchange(ref _models[slot], LoadedModel.Load(_path, _options));
        old.Dispose();
        Interlocked.Increment(ref _disposed);
    }

    private void Check(LoadedModel model)
    {
        try
        {
            _ = Run(model).AsSpan().SequenceEqual(_expected)
                ? Interlocked.Increment(ref _right)
                : Interlocked.Increment(ref _wrong);
        }
        catch (ObjectDisposedException)
        {
            // Another thread disposed of it first.
        }
    }

    private static IntervenableConfig ZeroAt(ComponentAddress address) =>
        new()
        {
            Representations =
            [
                new()
                {
                    Layer = address.Layer,
                    Component = address.Name,
                    InterventionType = InterventionType.Zero,
                },
            ],
        };

    private static ModelInputs InputsOf(Value input)
    {
        int[] shape = [.. input.Type!.Shape!.Dimensions.Select(size => (int)(size.Size ?? 2))];
        return new ModelInputs(
            ImmutableDictionary<string, NumericArray>.Empty.Add(input.Name, TinyModels.Waves(shape))
        );
    }

    private float[] Run(LoadedModel model)
    {
        using var result = model.With(_config).Run(_inputs);
        return result.Intervened.Logits.Floats.ToArray();
    }
}
