namespace OnnxIntervene.Components.Addressing;

/// <summary>Meanings in words, for messages and tables.</summary>
public static class ComponentMeaningText
{
    /// <summary>What a component of a meaning is; empty where its name says it.</summary>
    public static string Text(this ComponentMeaning meaning) =>
        meaning switch
        {
            ComponentMeaning.Added => "what the sub-layer adds to the residual stream",
            ComponentMeaning.Projected =>
                "what the sub-layer's last projection outputs, before the norm or scale that precedes the addition",
            ComponentMeaning.WithResidual =>
                "the stream after the addition and any norm that follows it, as the modules of BERT, BLIP and ESM "
                    + "output it",
            ComponentMeaning.Normalised => "the stream after the norm that follows the addition",
            ComponentMeaning.Gate => "the activated gate, before it multiplies the other branch",
            ComponentMeaning.BeforeActivation => "what the activation function reads, as in pyvene",
            _ => "",
        };
}
