namespace OnnxIntervene.Baking.Weights;

/// <summary>What became of a quantised matrix that was folded into and rounded to its few bits again.</summary>
/// <param name="Weights">The node that multiplies with it.</param>
/// <param name="Bits">Bits of an element.</param>
/// <param name="Error">How far the largest error is from what was to be stored.</param>
/// <param name="Largest">The largest element, by magnitude, for comparison.</param>
public sealed record WeightRounding(string Weights, int Bits, double Error, double Largest);
