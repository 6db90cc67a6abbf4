using System.Diagnostics;
using OnnxIntervene.Testing.Hostile;

namespace OnnxIntervene.Fuzz;

/// <summary>What is wrong with how a file was read.</summary>
/// <param name="Key">Kind and place, such as <c>NullReferenceException_in_Norms_InputOf</c>.</param>
/// <param name="Message">What a person needs to begin with.</param>
internal sealed record Finding(string Key, string Message)
{
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(1);
    private const long LeastMemory = 64L << 20;
    private const int MemoryPerByte = 4;

    /// <summary>Reads a file and says what is wrong with how that went; null where all is well.</summary>
    public static Finding? Of(HostileTarget target, HostileFile file, Action<string> begins)
    {
        var (finding, steps) = Read(target, file, begins);
        if (finding is not null)
            return finding;
        // Other programs and the first call of a method take time too, so what is slow must be slow again.
        if (Slow(steps) is not null && Slow(Read(target, file, begins).Steps) is { } slow)
            return new Finding(
                $"Slow_in_{target.Name}_{slow.Name}".Replace(' ', '_'),
                $"'{slow.Name}' took {slow.Duration.TotalSeconds:F1} s."
            );
        return
            Greedy(steps, Limit(file)) is { } greedy
            && LiveMemory.Peak(() => Read(target, file, begins)) is var peak
            && peak > Limit(file)
            ? new Finding(
                $"Memory_in_{target.Name}_{greedy.Name}".Replace(' ', '_'),
                $"'{greedy.Name}' held {peak >> 20} MB."
            )
            : null;
    }

    private static (Finding? Finding, List<HostileStep> Steps) Read(
        HostileTarget target,
        HostileFile file,
        Action<string> begins
    )
    {
        var steps = new HostileSteps(begins);
        try
        {
            target.Read(file, steps);
        }
        catch (Exception fault) when (!HostileSteps.IsDocumented(fault))
        {
            return (Of(fault), steps.Taken);
        }
        catch (Exception fault) when (HostileSteps.IsDocumented(fault))
        {
            // What the documentation promises.
        }

        return (null, steps.Taken);
    }

    private static Finding Of(Exception fault)
    {
        var frames = new StackTrace(fault).GetFrames();
        var frame = Array.Find(frames, IsOurs) ?? frames.FirstOrDefault();
        var method = frame?.GetMethod();
        return new Finding(
            $"{fault.GetType().Name}_in_{TypeName(method?.DeclaringType)}_{Plain(method?.Name)}",
            $"{fault}"
        );
    }

    private static bool IsOurs(StackFrame frame) =>
        frame.GetMethod()?.DeclaringType?.FullName?.StartsWith("OnnxIntervene.", StringComparison.Ordinal) == true;

    // Lambdas live in types and methods with names like '<>c' and '<Read>b__0'.
    private static string TypeName(Type? type)
    {
        while (type is { DeclaringType: { } outer } && type.Name.Contains('<', StringComparison.Ordinal))
            type = outer;
        return Plain(type?.Name);
    }

    private static string Plain(string? name)
    {
        var text = name ?? "unknown";
        if (text.StartsWith('<') && text.IndexOf('>', StringComparison.Ordinal) is > 1 and var end)
            text = text[1..end];
        return new string([.. text.TakeWhile(letter => letter != '`').Where(char.IsLetterOrDigit)]);
    }

    private static HostileStep? Slow(List<HostileStep> steps) =>
        steps.Find(step => step.IsOurs && step.Duration > s_longest);

    private static HostileStep? Greedy(List<HostileStep> steps, long limit) =>
        steps.Find(step => step.IsOurs && step.Allocated > limit);

    private static long Limit(HostileFile file) =>
        (MemoryPerByte * new DirectoryInfo(file.Folder).EnumerateFiles().Sum(item => item.Length)) + LeastMemory;
}
