namespace OnnxIntervene.Components.Addressing;

/// <summary>A stack of layers: the model's own, or one of several beside each other.</summary>
/// <param name="Name">Its name, such as <c>encoder</c>; empty where it is the only one.</param>
/// <param name="LayerCount">How many layers it has.</param>
/// <param name="IsMain">Whether its components are meant where no stack is named.</param>
public sealed record ComponentStack(string Name, int LayerCount, bool IsMain);
