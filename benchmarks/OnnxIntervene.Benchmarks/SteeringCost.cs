using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using OnnxIntervene.Components;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.IR.Serialization;
using OnnxIntervene.Splicing;

namespace OnnxIntervene.Benchmarks;

/// <summary>
/// Times a steered run against a plain run of the same file in the same process. Both sessions' runs alternate, so that what disturbs the
/// machine disturbs both; the figure is the median over rounds of the pair's ratio.
/// </summary>
internal static class SteeringCost
{
    private const int Length = 16;

    public static void Measure(string path, int rounds)
    {
        var options = new ExecutionOptions { Threads = 1 };
        var model = OnnxFile.Load(path);
        var components = ComponentMap.Find(model);
        using var plain = SessionFactory.Open(path, options);
        using var same = InterventionSession.Open(Splicer.Splice(model, []), options);
        Report("nothing spliced, batch 1", plain, same, 1, rounds, components);
        using (var one = Open(model, [components.LayerCount / 2], options))
        {
            Report("one steered layer, batch 1", plain, one, 1, rounds, components);
            Report("one steered layer, 8 vectors in a batch of 8", plain, one, 8, rounds, components);
        }

        using var all = Open(model, Enumerable.Range(0, components.LayerCount), options);
        Report("all layers steered, batch 1", plain, all, 1, rounds, components);
        Report("all layers steered, 8 vectors in a batch of 8", plain, all, 8, rounds, components);
    }

    private static InterventionSession Open(Model model, IEnumerable<int> layers, ExecutionOptions options)
    {
        var sites = layers.Select(layer =>
            new SpliceSite(new ComponentAddress(layer, ComponentNames.BlockOutput), InterventionType.Addition, SiteSelection.Whole));
        return InterventionSession.Open(Splicer.Splice(model, [.. sites]), options);
    }

    private static void Report(string name, InferenceSession plain, InterventionSession steered, int batch, int rounds, ComponentMap components)
    {
        var inputs = ModelInputs.FromTokens([.. Enumerable.Range(0, batch).Select(row => Enumerable.Range(1, Length).Select(id => id + row).ToArray())]);
        var feeds = steered.Spliced.Sites.Select(site => Feed(site.Component.Width, batch)).ToArray();
        string[] outputs = [steered.FirstOutput];
        var (ratios, plainTimes) = (new List<double>(), new List<double>());
        for (var round = -3; round < rounds; round++)
        {
            var isPlainFirst = round % 2 == 0;
            var first = isPlainFirst ? Plain() : Steered();
            var second = isPlainFirst ? Steered() : Plain();
            if (round < 0)
                continue;
            plainTimes.Add(isPlainFirst ? first : second);
            ratios.Add(isPlainFirst ? second / first : first / second);
        }

        Console.WriteLine($"{name}: {(Median(ratios) - 1) * 100:+0.0;-0.0;0.0} % over plain ({Median(plainTimes):F1} ms)");

        double Plain() => Time(() => RunPlain(plain, inputs, components));
        double Steered() => Time(() => steered.Run(inputs, feeds, outputs));
    }

    private static SiteFeed Feed(int width, int batch) => new()
    {
        Source = Enumerable.Range(0, batch * width).Select(index => (float)Math.Sin(index) / 10).ToArray(),
        SourceShape = new long[] { batch, 1, width },
        Coefficients = Enumerable.Repeat(1f, batch).ToArray(),
    };

    // The inputs are made and the logits copied out as a steered run does.
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

    private static double Median(List<double> numbers) => numbers.Order().ElementAt(numbers.Count / 2);
}
