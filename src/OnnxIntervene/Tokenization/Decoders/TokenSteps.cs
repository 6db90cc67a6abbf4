using System.Text;

namespace OnnxIntervene.Tokenization.Decoders;

/// <summary>Each token becomes another text, by itself and whether it is the first.</summary>
internal sealed class ChangeStep(Func<string, bool, string> change) : DecoderStep
{
    private bool _isFirst = true;

    public override void Append(TextPart part, List<TextPart> output)
    {
        output.Add(part with { Text = change(part.Text, _isFirst) });
        _isFirst = false;
    }
}

/// <summary>A token that comes in parts is held back until it is whole.</summary>
internal sealed class GatherStep : DecoderStep
{
    private StringBuilder? _token;

    public override void Append(TextPart part, List<TextPart> output)
    {
        if (part.Begins)
            Flush(output);
        _token ??= new StringBuilder();
        _token.Append(part.Text);
    }

    public override void Flush(List<TextPart> output)
    {
        if (_token is not null)
            output.Add(new TextPart(_token.ToString(), true));
        _token = null;
    }
}

/// <summary>All tokens become one.</summary>
internal sealed class FuseStep : DecoderStep
{
    private bool _isFirst = true;

    public override void Append(TextPart part, List<TextPart> output)
    {
        output.Add(part with { Begins = _isFirst });
        _isFirst = false;
    }
}

/// <summary>A character is removed where tokens begin with it, so many times at most.</summary>
internal sealed class StripStep(char character, int most) : DecoderStep
{
    private int _left;

    public override void Append(TextPart part, List<TextPart> output)
    {
        if (part.Begins)
            _left = most;
        var start = 0;
        while (_left > 0 && start < part.Text.Length && part.Text[start] == character)
            (start, _left) = (start + 1, _left - 1);
        if (start < part.Text.Length)
            _left = 0;
        output.Add(part with { Text = part.Text[start..] });
    }
}

/// <summary>A mark at a word's end becomes a space, except in the last token.</summary>
internal sealed class WordEndStep(string mark) : DecoderStep
{
    private string? _token;

    public override void Append(TextPart part, List<TextPart> output)
    {
        Add(" ", output);
        _token = part.Text;
    }

    public override void Flush(List<TextPart> output) => Add("", output);

    private void Add(string space, List<TextPart> output)
    {
        if (_token is not null)
            output.Add(
                new TextPart(mark.Length == 0 ? _token : _token.Replace(mark, space, StringComparison.Ordinal), true)
            );
        _token = null;
    }
}
