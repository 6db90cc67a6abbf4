using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.Components;
using OnnxIntervene.Runtime;
using static OnnxIntervene.Benchmarks.ProcessorTime;

namespace OnnxIntervene.Benchmarks;

/// <summary>
/// Times a changed session against a plain session of the same file in the same process. Both sessions' runs alternate,
/// so that what
/// disturbs the machine disturbs both.
/// </summary>
internal static class PairedRuns
{
    private const int WarmUp = 3;

    /// <summary>Prints the median over rounds of the pair's ratio, and the ratio of the fastest runs.</summary>
    public static void Report(
        string name,
        InferenceSession plain,
        InterventionSession changed,
        ModelInputs inputs,
        SiteFeed[] feeds,
        int rounds,
        ComponentMap components
    )
    {
        string[] outputs = [changed.FirstOutput];
        var (plainTimes, changedTimes) = (new List<double>(), new List<double>());
        for (var round = -WarmUp; round < rounds; round++)
        {
            var isPlainFirst = round % 2 == 0;
            var first = isPlainFirst ? Plain() : Changed();
            var second = isPlainFirst ? Changed() : Plain();
            if (round < 0)
                continue;
            plainTimes.Add(isPlainFirst ? first : second);
            changedTimes.Add(isPlainFirst ? second : first);
        }

        var ratios = changedTimes.Zip(plainTimes, (one, other) => one / other).ToList();
        Console.WriteLine(
            $"{name}: {Percent(Median(ratios))} over plain ({Median(plainTimes):F1} ms); fastest "
                + $"{Percent(changedTimes.Min() / plainTimes.Min())} ({plainTimes.Min():F1} ms)"
        );

        double Plain() => Time(() => RunPlain(plain, inputs, components));
        double Changed() => Time(() => changed.Run(inputs, feeds, outputs));
    }

    private static string Percent(double ratio) => $"{(ratio - 1) * 100:+0.0;-0.0;0.0} %";

    // The inputs are made and the logits copied out as a changed run does.
    private static float[] RunPlain(InferenceSession session, ModelInputs inputs, ComponentMap components)
    {
        var values = PlainInputs.Of(session, inputs, components);
        using var runOptions = new RunOptions();
        using var results = session.Run(runOptions, values, [session.OutputNames[0]]);
        foreach (var value in values.Values)
            value.Dispose();
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }

    private static double Time(Func<object> run)
    {
        var start = Stopwatch.GetTimestamp();
        run();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}
