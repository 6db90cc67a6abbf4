using System.Globalization;
using System.Numerics.Tensors;
using OnnxIntervene.Benchmarks;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.Peers;
using OnnxIntervene.Runtime;
using static TorchSharp.torch;

// Usage: dotnet run -c Release --project benchmarks/OnnxIntervene.Peers -- MODEL [ROUNDS]
// MODEL is GPT-2 as optimum exports it, an .onnx file or its folder. A graph whose weights file is missing gets random
// weights in a temporary folder. The same work is done here and in torch, in turn in one process, on one thread.
const int Batch = 16;
const int Length = 16;
const double LargestDifference = 1e-3;

if (args.Length is 0 or > 2)
{
    Console.Error.WriteLine("Usage: OnnxIntervene.Peers MODEL [ROUNDS]");
    return 1;
}

var rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 5;
set_num_threads(1);
using var file = BenchmarkModel.Prepare(ModelFile.Find(args[0]).Path);
using var model = LoadedModel.Load(file.Path, new ExecutionOptions { Threads = 1 });
using var torch = new TorchGpt2(file.Path, model.Components.Get(0, "head_attention_value_output").Heads);
using var texts = new PeerTexts(Batch, Length);
Console.WriteLine($"{args[0]}: beside torch in one process, {rounds} rounds, one thread, {MachineName.Describe()}");
if (Difference() is var difference && !(difference < LargestDifference))
{
    Console.Error.WriteLine($"The logits differ by {difference:g2}: torch does not compute the same model.");
    return 1;
}

TrainingPeer.Measure(model, torch, texts, rounds);
SweepPeer.Measure(model, torch, texts, rounds);
return 0;

double Difference()
{
    using var plain = model.With(IntervenableConfig.Empty);
    var own = plain.Run(ModelInputs.FromTokens(texts.Rows[0])).Intervened.Logits.Floats;
    using var scope = NewDisposeScope();
    using var mode = no_grad();
    var other = torch.Run(texts.All.narrow(0, 0, 1), 0, stream => stream).data<float>().ToArray();
    var differences = new float[own.Length];
    TensorPrimitives.Subtract(own, other, differences);
    return TensorPrimitives.MaxMagnitude<float>(differences);
}
