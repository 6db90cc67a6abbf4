using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Studies.Reading;
using OnnxIntervene.Tensors;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Studies;

/// <summary>Many prompts are read as each alone is, at positions that belong together.</summary>
public sealed class ComponentReaderTests
{
    [Test]
    public void Prompts_of_several_lengths_are_read_as_each_alone()
    {
        using var model = LoadedModel.Load(RepositoryPaths.DefaultModel);
        ImmutableArray<StudyPrompt> prompts =
        [
            .. new[] { "The company Volvo makes", "A young salmon", "The company Adidas makes" }.Select(text =>
                StudyPrompt.Of(PromptText.Of(text, model.Tokenizer))
            ),
        ];
        var together = Read(model, prompts);

        for (var prompt = 0; prompt < prompts.Length; prompt++)
        {
            var alone = Read(model, [prompts[prompt]])[0];
            foreach (var (one, other) in together[prompt].Zip(alone))
            {
                Assert.That(one.Shape, Is.EqualTo(other.Shape));
                Assert.That(Difference.Largest(one.Floats, other.Floats), Is.LessThan(1e-5));
            }

            Assert.That(together[prompt][0].Shape[0], Is.EqualTo(prompts[prompt].Length));
        }
    }

    [Test]
    public void Prompts_of_several_lengths_have_their_last_and_their_named_positions_in_common()
    {
        var prompts = Named([5, 6, 7], [5, 6, 7, 8]);

        Assert.That(PromptPositions.Last.ColumnsOf(prompts)[0].Positions, Is.EqualTo(new[] { 2, 3 }));
        Assert.That(PromptPositions.Parse("verb").ColumnsOf(prompts)[0].Positions, Is.EqualTo(new[] { 1, 2 }));
        Assert.That(
            () => PromptPositions.All.ColumnsOf(prompts),
            Throws.InstanceOf<InterventionException>().With.Message.Contains("Prompt 1 has 3 tokens and prompt 2 has 4")
        );
        Assert.That(
            () => PromptPositions.Parse("subject").ColumnsOf(prompts),
            Throws.InstanceOf<InterventionException>().With.Message.Contains("'subject'. It has: verb")
        );
    }

    [TestCase("0-1,2", 3)]
    [TestCase("all", 4)]
    [TestCase("last,verb", 2)]
    public void Positions_are_read_as_they_are_written(string text, int count) =>
        Assert.That(PromptPositions.Parse(text).ColumnsOf(Named([5, 6, 7, 8])), Has.Length.EqualTo(count));

    [TestCase("0-9", "no position 4")]
    [TestCase("1,verb", "names and numbers")]
    [TestCase("1,,2", "empty part")]
    public void Positions_that_are_not_there_are_refused(string text, string message) =>
        Assert.That(
            () => PromptPositions.Parse(text).ColumnsOf(Named([5, 6, 7, 8])),
            Throws.InstanceOf<InterventionException>().With.Message.Contains(message)
        );

    private static ImmutableArray<StudyPrompt> Named(params int[][] prompts) =>
        [
            .. prompts.Select(ids =>
                StudyPrompt.Of(PromptText.OfIds(ids)) with
                {
                    Positions = ImmutableSortedDictionary<string, ImmutableArray<int>>.Empty.Add(
                        "verb",
                        [0, ids.Length - 2]
                    ),
                }
            ),
        ];

    private static ImmutableArray<NumericArray>[] Read(LoadedModel model, ImmutableArray<StudyPrompt> prompts)
    {
        var values = new ImmutableArray<NumericArray>[prompts.Length];
        using var reader = new ComponentReader(
            model,
            [
                new(2, ComponentNames.BlockOutput),
                new(1, ComponentNames.HeadPrefix + ComponentNames.AttentionValueOutput),
                new(3, ComponentNames.AttentionWeight),
            ]
        );
        reader.Read(prompts, reading => values[reading.Prompt] = reading.Values);
        return values;
    }
}
