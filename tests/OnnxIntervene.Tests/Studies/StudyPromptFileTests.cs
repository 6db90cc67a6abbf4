using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Prompts;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Tests.Studies;

/// <summary>Prompts of a study as JSON Lines.</summary>
public sealed class StudyPromptFileTests
{
    private const string Pair =
        "\"clean\": \"A young salmon is called a\", \"corrupt\": \"A young elephant is called a\"";
    private LoadedModel _model = null!;
    private TemporaryFolder _folder = null!;

    [OneTimeSetUp]
    public void Open() => (_model, _folder) = (LoadedModel.Load(RepositoryPaths.DefaultModel), new TemporaryFolder());

    [OneTimeTearDown]
    public void Close()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void A_pair_has_answers_and_named_positions()
    {
        var prompt = Read(
                $"{{{Pair}, \"answer\": \" fry\", \"wrong\": \" calf\", \"subject\": \"young salmon\", "
                    + "\"positions\": {\"end\": -1, \"first\": [0, 1]}}"
            )
            .Single();

        Assert.That(prompt.Length, Is.EqualTo(prompt.Corrupt!.Length));
        Assert.That(_model.TokenText(prompt.Answer!.Value), Is.EqualTo(" fry"));
        Assert.That(_model.TokenText(prompt.Wrong!.Value), Is.EqualTo(" calf"));
        Assert.That(prompt.Text!.TextOf(prompt.Positions["subject"]), Is.EqualTo("young salmon"));
        Assert.That(prompt.Positions["end"], Is.EqualTo(new[] { prompt.Length - 1 }));
        Assert.That(prompt.Positions["first"], Is.EqualTo(new[] { 0, 1 }));
    }

    [Test]
    public void Token_ids_need_no_text()
    {
        var prompt = Read("\n{\"prompt_ids\": [5, 6, 7], \"answer_id\": 9, \"label\": true}\n").Single();

        Assert.That(prompt.Inputs.Tokens.Integers.ToArray(), Is.EqualTo(new long[] { 5, 6, 7 }));
        Assert.That((prompt.Answer, prompt.Label, prompt.Corrupt), Is.EqualTo(((int?)9, "true", (object?)null)));
    }

    [TestCase("{\"clean\": 4}", "line 1, $.clean: a text is expected")]
    [TestCase("{\"clean\": \"A\", \"clean_ids\": [1]}", "give one of them")]
    [TestCase("{\"answer\": \" fry\"}", "the prompt is left out")]
    [TestCase("{\"clean\": \"A\", \"anwser\": \"b\"}", "$.anwser: no such field here")]
    [TestCase("{\"clean\": \"A young salmon\", \"corrupt\": \"A young\"}", "equally many tokens")]
    [TestCase("{\"clean\": \"A young salmon\", \"positions\": {\"end\": 40}}", "position 40 is not in the prompt")]
    [TestCase("{\"clean\": \"A young salmon\", \"positions\": {\"end\": -40}}", "there is no position -40")]
    [TestCase("{\"clean\": \"A young salmon\", \"subject\": \"whale\"}", "'whale' is not in the prompt")]
    [TestCase("{\"clean\": \"A young salmon\", \"answer\": \" incomprehensibilities\"}", "is not one token")]
    [TestCase("", "holds no prompts")]
    [TestCase("[1]", "an object is expected")]
    public void What_is_wrong_is_named_with_its_line(string text, string message) =>
        Assert.That(
            () => Read(text),
            Throws
                .InstanceOf<Exception>()
                .With.Message.Contains(message)
                .And.Matches<Exception>(fault => fault is InterventionException or ModelFormatException)
        );

    private ImmutableArray<StudyPrompt> Read(string text)
    {
        var path = Path.Combine(_folder.Path, "prompts.jsonl");
        File.WriteAllText(path, text);
        return StudyPromptFile.Read(path, _model);
    }
}
