using System.Collections.Immutable;
using OnnxIntervene.IR;

namespace OnnxIntervene.Runtime;

/// <summary>An input and an output that are the same memory.</summary>
/// <param name="Input">The input's name.</param>
/// <param name="Output">The output's name.</param>
/// <param name="Type">The type of the elements.</param>
/// <param name="Shape">The sizes of both.</param>
internal sealed record SharedPair(string Input, string Output, ElementType Type, ImmutableArray<int> Shape);
