using System.Collections.Immutable;
using OnnxIntervene.Execution;
using OnnxIntervene.Generation;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Runtime;
using OnnxIntervene.Sweeps;

namespace OnnxIntervene.Steering;

/// <summary>
/// Generates texts after a prompt under some cells of a search at once, a row for each, and counts words in them. Owns
/// the intervened model.
/// </summary>
internal sealed class SteeredTexts : IDisposable
{
    private readonly SteeringGrid _grid;
    private readonly GeneratedTextScore _score;
    private readonly ImmutableArray<ImmutableArray<int>> _prompts;
    private readonly IntervenableModel _model;
    private readonly int _mostRows;
    private readonly int _width;

    /// <exception cref="InterventionException">A prompt, or an option, does not fit the model.</exception>
    public SteeredTexts(LoadedModel model, SteeringSearchRequest request, GeneratedTextScore score, SteeringGrid grid)
    {
        (_grid, _score) = (grid, score);
        _prompts = [.. request.Prompts.SelectMany(prompt => Generator.RowsOf(prompt.Inputs))];
        _width = request.Vector.Directions.Values.Max(direction => direction.Length);
        _mostRows = RowMixing.FindNode(model.Model) is null ? int.MaxValue : 1;
        _model = model.With(new IntervenableConfig { Representations = request.Vector.Acting(request.Manner) });
        try
        {
            for (var prompt = 0; prompt < _prompts.Length; prompt++)
                _ = Plan(prompt, [0]);
        }
        catch
        {
            _model.Dispose();
            throw;
        }
    }

    /// <summary>How many texts a prompt has: some samples for each cell, cell by cell.</summary>
    public int Count => _grid.Count * _score.Samples;

    /// <summary>How many texts are generated after a prompt at once.</summary>
    public int RowsAtOnce(int prompt)
    {
        var components = _model.Components;
        var length = Math.Min(
            (long)_prompts[prompt].Length + _score.Options.MaximumNewTokens,
            components.Limits.Context ?? long.MaxValue
        );
        return Math.Min(_mostRows, BatchSize.ForCache(length, components.LayerCount, _width));
    }

    /// <summary>How many words of each text are in the bag, and how many it has.</summary>
    public float[][] Scores(int prompt, int[] texts, CancellationToken cancellation) =>
        [
            .. Plan(prompt, texts)
                .Run(cancellation)
                .Select(text => _score.Bag.Score(text.Text!))
                .Select(score => new[] { (float)score.Matched, score.Words }),
        ];

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();

    // A text's random numbers begin where they do in a generation of all prompts, each as often as it has samples.
    private TextGeneration Plan(int prompt, int[] texts) =>
        new(
            new GenerationRequest(
                _model,
                [.. texts.Select(_ => _prompts[prompt])],
                null,
                null,
                new RunSettings
                {
                    Coefficients = [.. _grid.CoefficientsOf([.. texts.Select(text => text / _score.Samples)])],
                },
                _score.Options with
                {
                    OutputScores = false,
                }
            )
            {
                Streams = [.. texts.Select(text => (prompt * _score.Samples) + (text % _score.Samples))],
            }
        );
}
