using OnnxIntervene.IR;
using OnnxIntervene.Steering;

namespace OnnxIntervene.Tests.Steering;

/// <summary>Words are counted as one counts them by hand.</summary>
public sealed class BagOfWordsTests
{
    [TestCase("joy", "Joy, joyful JOY!", 2, 3)]
    [TestCase("joy", "", 0, 0)]
    [TestCase("joy", " ... !?", 0, 0)]
    [TestCase("don't", "I don't. I don\u2019t! 'don't' dont", 3, 6)]
    [TestCase("happy", "'happy' they said", 1, 3)]
    [TestCase("2nd", "the 2nd-best, 2 nd", 1, 5)]
    [TestCase("Straße,Ελλάδα,東京", "STRASSE straße ΕΛΛΆΔΑ 東京", 3, 4)]
    [TestCase("café", "cafe\u0301 caf\u00E9 cafe", 2, 3)]
    [TestCase("new york", "New York is new; York is not New-York.", 6, 9)]
    [TestCase("New York", "new is York", 0, 3)]
    [TestCase("ha ha,ha ha ha", "ha ha ha ha no ha", 4, 6)]
    [TestCase("york,new york", "new york", 2, 2)]
    public void A_text_has_so_many_words_of_the_bag(string entries, string text, int matched, int words)
    {
        var score = BagOfWords.Of(entries.Split(',')).Score(text);

        Assert.That(score, Is.EqualTo(new BagOfWordsScore(matched, words)));
        Assert.That(score.Share, Is.EqualTo(words == 0 ? 0 : (double)matched / words));
    }

    [Test]
    public void A_text_is_split_at_what_is_no_letter_digit_or_apostrophe() =>
        Assert.That(
            BagOfWords.WordsOf(
                "It's 12.5 % of \u201Cfour-leaf\u201D clover's\nluck \U00010400x 👩‍👧 rock 'n' roll\uD800"
            ),
            Is.EqualTo(
                new[]
                {
                    "IT'S",
                    "12",
                    "5",
                    "OF",
                    "FOUR",
                    "LEAF",
                    "CLOVER'S",
                    "LUCK",
                    "\U00010400X",
                    "ROCK",
                    "N",
                    "ROLL",
                }
            )
        );

    [Test]
    public void A_bag_without_words_is_refused()
    {
        Refused([], "needs a word");
        Refused(["joy", " "], "' ' is no word");
        Refused(["joy", "'!'"], "''!'' is no word");

        static void Refused(string[] entries, string message) =>
            Assert.That(
                () => BagOfWords.Of(entries),
                Throws.TypeOf<InterventionException>().With.Message.Contains(message)
            );
    }
}
