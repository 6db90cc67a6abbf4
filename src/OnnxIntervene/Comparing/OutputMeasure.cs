namespace OnnxIntervene.Comparing;

/// <summary>How the distance of two outputs is measured.</summary>
public enum OutputMeasure
{
    /// <summary>KL(A ‖ B) in nats, of the distributions over tokens or classes.</summary>
    KullbackLeibler,

    /// <summary>‖b − a‖ / ‖a‖, where the outputs are no logits.</summary>
    RelativeError,
}
