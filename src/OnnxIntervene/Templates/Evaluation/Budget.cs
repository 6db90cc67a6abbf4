using System.Runtime.CompilerServices;
using OnnxIntervene.IR;

namespace OnnxIntervene.Templates.Evaluation;

/// <summary>
/// What one rendering may use: a stranger's template ends, in seconds and within megabytes, whatever it says.
/// </summary>
/// <param name="template">What messages call the template.</param>
/// <param name="messages">How many messages there are.</param>
/// <param name="characters">How many characters they have.</param>
internal sealed class Budget(string template, int messages, long characters)
{
    // How many expressions and statements are evaluated, for any conversation and for each message.
    private const long UsualSteps = 1_000_000;
    private const long StepsOfMessage = 10_000;

    // How many characters and items are made, for any conversation and for each character of it.
    private const long UsualMade = 10_000_000;
    private const long MadeOfCharacter = 100;

    private readonly long _mostSteps = UsualSteps + (StepsOfMessage * messages);
    private readonly long _mostMade = UsualMade + (MadeOfCharacter * characters);

    /// <summary>How deeply macros call each other at most.</summary>
    public const int DeepestCalls = 50;

    /// <summary>
    /// How deeply values and expressions are nested at most: a number of its own, since how much fits on a stack
    /// changes from run to run.
    /// </summary>
    public const int DeepestNesting = 10_000;

    private long _steps;
    private long _made;
    private int _calls;
    private int _nesting;

    /// <summary>The line of the last step.</summary>
    public int Line { get; private set; }

    /// <summary>Counts a step.</summary>
    public void Step(int line)
    {
        Line = line;
        if (++_steps > _mostSteps)
            throw Fault(line, $"the template takes more than {_mostSteps} steps");
    }

    /// <summary>Counts characters or items that are about to be made.</summary>
    public void Make(int line, long count)
    {
        _made += count;
        if (_made > _mostMade || _made < 0)
            throw Fault(line, $"the template makes more than {_mostMade} characters");
    }

    /// <summary>Enters a macro.</summary>
    public void Enter(int line)
    {
        if (++_calls > DeepestCalls)
            throw Fault(line, $"macros call each other more than {DeepestCalls} deep");
    }

    /// <summary>Leaves a macro.</summary>
    public void Leave() => _calls--;

    /// <summary>Goes into a part of a value or an expression.</summary>
    public void Descend(int line)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (++_nesting > DeepestNesting)
            throw NestingFault(line);
    }

    /// <summary>Comes back from a part.</summary>
    public void Ascend() => _nesting--;

    /// <summary>The exception for what is nested too deeply.</summary>
    public InterventionException NestingFault(int line) =>
        Fault(line, "the template or its values are nested too deeply");

    /// <summary>The exception for a line of the template.</summary>
    public InterventionException Fault(int line, string what) =>
        new(
            $"{template}, line {line}: {what.TrimEnd('.')}. The messages may not be what the template expects; "
                + "change them, or write the prompt yourself."
        );

    /// <summary>The exception that a template throws itself.</summary>
    public InterventionException Refusal(string what) => new($"{template} refuses the messages: {what}");
}
