using System.Globalization;
using OnnxIntervene.Benchmarks;
using OnnxIntervene.Execution;

// Usage: dotnet run -c Release --project benchmarks/OnnxIntervene.Benchmarks -- MODEL [ROUNDS]
// MODEL is an .onnx file or its folder. A graph whose weights file is missing is copied to a temporary folder and given
// random weights.
// With "sweep" before them: times sweeps against plain runs.
// With "trace" before them: times a causal trace with 10 samples against plain runs.
// With "widen" before them, ROUNDS times as many heads: writes a small export with random weights to a FOLDER.
// With "growth" before them: times sweeps over more and more prompts and cells.
// With "decode" before them: times steered generation beside unsteered, and beside onnxruntime-genai's own loop.
// With "decode-memory" before them: generates ROUNDS tokens and prints the memory that the process holds.
// With "training" before them: times steps of training against plain runs.
// With "training-memory" before them: the memory of a step that keeps the output of one in ROUNDS layers.
// With "endurance" before them: runs interventions ROUNDS times and prints the memory that the process holds.
if (args is ["endurance", var endured, var runs])
{
    Endurance.Measure(ModelFile.Find(endured).Path, int.Parse(runs, CultureInfo.InvariantCulture));
    return 0;
}

if (args is ["sweep", var swept, var times])
{
    using var model = BenchmarkModel.Prepare(ModelFile.Find(swept).Path);
    Console.WriteLine($"{swept}: sweeps in one process, {times} rounds, one thread, {MachineName.Describe()}");
    SweepCost.Measure(model.Path, int.Parse(times, CultureInfo.InvariantCulture));
    return 0;
}

if (args is ["trace", var traced, var traces])
{
    using var model = BenchmarkModel.Prepare(ModelFile.Find(traced).Path);
    Console.WriteLine($"{traced}: traces in one process, {traces} rounds, one thread, {MachineName.Describe()}");
    SweepCost.MeasureTrace(model.Path, int.Parse(traces, CultureInfo.InvariantCulture));
    return 0;
}

if (args is ["widen", var narrow, var wider, var folder])
{
    WidenedModel.Write(ModelFile.Find(narrow).Path, int.Parse(wider, CultureInfo.InvariantCulture), folder);
    return 0;
}

if (args is ["decode", var decoded, var generations])
{
    using var model = BenchmarkModel.Prepare(ModelFile.Find(decoded).Path);
    Console.WriteLine($"{decoded}: {generations} generations in turn, one thread, {MachineName.Describe()}");
    DecodeCost.Measure(model.Path, int.Parse(generations, CultureInfo.InvariantCulture));
    return 0;
}

if (args is ["decode-memory", var written, var tokens])
{
    using var model = BenchmarkModel.Prepare(ModelFile.Find(written).Path);
    DecodeMemory.Measure(model.Path, int.Parse(tokens, CultureInfo.InvariantCulture));
    return 0;
}

if (args is ["training", var trained, var steps])
{
    using var model = BenchmarkModel.Prepare(ModelFile.Find(trained).Path);
    Console.WriteLine($"{trained}: training in one process, {steps} rounds, one thread, {MachineName.Describe()}");
    TrainingCost.Measure(model.Path, int.Parse(steps, CultureInfo.InvariantCulture));
    return 0;
}

if (args is ["training-memory", var deep, var every])
{
    using var model = BenchmarkModel.Prepare(ModelFile.Find(deep).Path);
    TrainingCost.MeasureMemory(model.Path, int.Parse(every, CultureInfo.InvariantCulture));
    return 0;
}

if (args is ["growth", var grown, var repeats])
{
    using var model = BenchmarkModel.Prepare(ModelFile.Find(grown).Path);
    Console.WriteLine($"{grown}: growth of sweeps, {repeats} rounds, one thread, {MachineName.Describe()}");
    SweepGrowth.Measure(model.Path, int.Parse(repeats, CultureInfo.InvariantCulture));
    return 0;
}

if (args.Length is 0 or > 2)
{
    Console.Error.WriteLine(
        "Usage: OnnxIntervene.Benchmarks [decode | decode-memory | endurance | growth | sweep | trace | training | "
            + "training-memory | widen] MODEL [ROUNDS] [FOLDER]"
    );
    return 1;
}

var rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 40;
using var graph = BenchmarkModel.Prepare(ModelFile.Find(args[0]).Path);
Console.WriteLine($"{args[0]}: paired in one process, {rounds} rounds, one thread, {MachineName.Describe()}");
RunCost.Measure(graph.Path, rounds);
SpliceCost.Measure(graph.Path);
SteeringCost.Measure(graph.Path, rounds);
OpeningCost.Measure(graph.Path, rounds);
return 0;
