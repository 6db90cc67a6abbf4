using OnnxIntervene.Components.Inspection;

namespace OnnxIntervene.Tests.Growth;

/// <summary>The longest repetition of a text, compared with trying every place and every length.</summary>
public sealed class RepeatedWordsTests
{
    private const int Shortest = 2;

    [Test]
    public void The_longest_repetition_is_that_which_trying_everything_finds()
    {
        var random = new Random(1);
        for (var round = 0; round < 2_000; round++)
        {
            var kinds = random.Next(1, 5);
            var period = random.Next(1, 7);
            var words = Enumerable.Range(0, random.Next(0, 40)).Select(_ => $"{random.Next(kinds)}").ToList();
            for (var index = 6; index < Math.Min(words.Count, 30) && round % 2 == 0; index++)
                words[index] = words[index % period];

            var found = RepeatedWords.Longest(words, Shortest);

            Assert.That(found, Is.EqualTo(Tried(words)), string.Join(' ', words));
        }
    }

    private static (int Start, int Length, int Count) Tried(List<string> words)
    {
        var best = (Start: 0, Length: 0, Count: 0);
        for (var length = Shortest; length <= words.Count / 2; length++)
        {
            var (start, longest, run) = (0, 0, 0);
            for (var index = 0; index + length < words.Count; index++)
            {
                run = words[index] == words[index + length] ? run + 1 : 0;
                if (run > longest)
                    (start, longest) = (index - run + 1, run);
            }

            var count = (longest / length) + 1;
            if (count > 1 && count * length > best.Count * best.Length)
                best = (start, length, count);
        }

        return best;
    }
}
