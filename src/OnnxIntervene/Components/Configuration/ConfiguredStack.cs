namespace OnnxIntervene.Components.Configuration;

/// <summary>Which stack of layers a number of a configuration is about.</summary>
public enum ConfiguredStack
{
    /// <summary>Any that the file holds.</summary>
    Any,

    /// <summary>The encoder of a pair.</summary>
    Encoder,

    /// <summary>The decoder of a pair, which reads an encoder.</summary>
    Decoder,
}
