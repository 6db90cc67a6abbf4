namespace OnnxIntervene.Steering;

/// <summary>How much of a text, or of several, is in a bag of words.</summary>
/// <param name="Matched">How many words are in the bag, alone or in a phrase of it.</param>
/// <param name="Words">How many words there are.</param>
public sealed record BagOfWordsScore(int Matched, int Words)
{
    /// <summary>The share of the words that are in the bag; 0 where there are no words.</summary>
    public double Share => Words == 0 ? 0 : (double)Matched / Words;
}
