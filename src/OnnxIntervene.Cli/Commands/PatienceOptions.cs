using System.CommandLine;
using OnnxIntervene.IR;
using OnnxIntervene.Studies.Alignment;

namespace OnnxIntervene.Cli.Commands;

/// <summary>When a training ends early: what is kept aside to measure it on, how often, and for how long.</summary>
internal sealed class PatienceOptions
{
    private readonly Option<int?> _patience;

    private readonly Option<double> _aside = new("--keep-aside")
    {
        Description = "The share of the training's examples that is kept aside for --patience, between 0 and 1.",
        DefaultValueFactory = _ => 0.1,
    };

    private readonly Option<int?> _every = new("--measure-every")
    {
        Description = "Steps between two measurements for --patience. Default: one pass over the examples.",
    };

    /// <param name="training">What ends: <c>the training of a cell</c>.</param>
    public PatienceOptions(string training) =>
        _patience = new("--patience")
        {
            Description =
                $"End {training} after so many measurements without a better accuracy on a part of the training's "
                + "examples that is kept aside, and take the best. Default: take all steps.",
        };

    public void AddTo(Command command)
    {
        foreach (var option in new[] { _patience, _every })
            option.Validators.Add(result => NumberOptions.Require(result, 1, int.MaxValue));
        foreach (var option in new Option[] { _patience, _aside, _every })
            command.Add(option);
        command.Validators.Add(result =>
        {
            foreach (var option in new Option[] { _aside, _every })
            {
                if (!EitherOptions.IsGiven(result, _patience) && EitherOptions.IsGiven(result, option))
                    result.AddError($"{option.Name} is for {_patience.Name}, which is not given.");
            }
        });
    }

    public int? Patience(ParseResult arguments) => arguments.GetValue(_patience);

    public int? MeasureEvery(ParseResult arguments) => arguments.GetValue(_every);

    /// <summary>What is learnt from, and what is kept aside; null where nothing ends early.</summary>
    /// <exception cref="InterventionException">There are too few examples.</exception>
    public (InterchangeDataSet Learnt, InterchangeDataSet? Aside) Parts(
        ParseResult arguments,
        InterchangeDataSet all,
        uint seed
    )
    {
        if (arguments.GetValue(_patience) is null)
            return (all, null);
        try
        {
            return all.Split(arguments.GetValue(_aside), seed);
        }
        catch (InterventionException fault)
        {
            throw new InterventionException($"{_aside.Name}: {fault.Message}", fault);
        }
    }
}
