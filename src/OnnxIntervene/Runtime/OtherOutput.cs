namespace OnnxIntervene.Runtime;

/// <summary>An output of a model that is not a tensor of numbers, so that it is neither compared nor saved.</summary>
/// <param name="Name">Its name.</param>
/// <param name="What">What it is: "a sequence", "a tensor of strings" and the like.</param>
public sealed record OtherOutput(string Name, string What);
