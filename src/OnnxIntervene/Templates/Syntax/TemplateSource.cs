using OnnxIntervene.IR;

namespace OnnxIntervene.Templates.Syntax;

/// <summary>A template's text and what messages call it.</summary>
internal sealed record TemplateSource(string Name, string Text)
{
    /// <summary>The exception for what a line of the template says.</summary>
    public ModelFormatException Fault(int line, string what) =>
        new($"{Name}, line {line}: {what.TrimEnd('.')}. Write the prompt yourself, or change the template.");
}
