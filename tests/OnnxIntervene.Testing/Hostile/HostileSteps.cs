using OnnxIntervene.Hub;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;

namespace OnnxIntervene.Testing.Hostile;

/// <summary>Measures the steps of reading a file that may be broken.</summary>
/// <param name="begins">Told the name of each step before it begins.</param>
public sealed class HostileSteps(Action<string> begins)
{
    /// <summary>The steps that were taken, in order.</summary>
    public List<HostileStep> Taken { get; } = [];

    /// <summary>Whether an exception is one that the documentation names.</summary>
    public static bool IsDocumented(Exception fault) =>
        fault
            is InterventionException
                or ModelFormatException
                or InvalidGraphException
                or ExecutionException
                or HubException
                or IOException
                or UnauthorizedAccessException
                or OperationCanceledException;

    /// <summary>Takes a step of this library.</summary>
    public T Take<T>(string name, Func<T> step) => Measure(name, step, isOurs: true);

    /// <summary>Takes a step that is ONNX Runtime's: how long it takes and what it allocates is not ours.</summary>
    public T TakeNative<T>(string name, Func<T> step) => Measure(name, step, isOurs: false);

    private T Measure<T>(string name, Func<T> step, bool isOurs)
    {
        begins(name);
        var (began, allocated) = (ThreadClock.Now, GC.GetAllocatedBytesForCurrentThread());
        try
        {
            return step();
        }
        finally
        {
            var bytes = GC.GetAllocatedBytesForCurrentThread() - allocated;
            Taken.Add(new HostileStep(name, ThreadClock.Now - began, bytes, isOurs));
        }
    }
}

/// <summary>A step that was taken.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Duration">How long its thread computed.</param>
/// <param name="Allocated">Bytes that its thread took of managed memory, those given back counted.</param>
/// <param name="IsOurs">Whether this library does the work, not ONNX Runtime.</param>
public sealed record HostileStep(string Name, TimeSpan Duration, long Allocated, bool IsOurs);
