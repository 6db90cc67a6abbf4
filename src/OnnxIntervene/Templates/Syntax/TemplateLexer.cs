using System.Globalization;
using System.Text;

namespace OnnxIntervene.Templates.Syntax;

/// <summary>
/// Cuts a Jinja template into tokens. White space is removed as Hugging Face's transformers set it: the line break
/// after a statement (trim_blocks), the space before one that begins a line (lstrip_blocks), and where a tag has a
/// minus sign (jinja.palletsprojects.com, Template Designer Documentation).
/// </summary>
internal sealed class TemplateLexer
{
    private const int MostTokens = 1_000_000;
    private static readonly string[] s_operators =
    [
        "//",
        "**",
        "==",
        "!=",
        ">=",
        "<=",
        .. "+-*/%~><=.:,|()[]{}".Select(symbol => symbol.ToString()),
    ];

    private readonly TemplateSource _source;
    private readonly string _text;
    private readonly List<TemplateToken> _tokens = [];
    private int _position;
    private int _line = 1;

    private TemplateLexer(TemplateSource source)
    {
        _source = source;
        var text = source.Text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        _text = text.EndsWith('\n') ? text[..^1] : text;
    }

    /// <summary>The tokens of a template, with one for its end.</summary>
    public static List<TemplateToken> Read(TemplateSource source)
    {
        var lexer = new TemplateLexer(source);
        while (lexer._position < lexer._text.Length)
            lexer.ReadPart();
        lexer.Add(TokenKind.End, "");
        return lexer._tokens;
    }

    // Text up to the next tag, and the tag.
    private void ReadPart()
    {
        var (start, tag) = (_position, NextTag(_position));
        if (tag < 0)
        {
            AddText(_text[start..]);
            _position = _text.Length;
            return;
        }

        var sign = tag + 2 < _text.Length ? _text[tag + 2] : ' ';
        AddText(Before(start, tag, sign));
        // The lines of what was removed count too.
        _line += _text.AsSpan(start, tag - start).Count('\n') - LinesOfLast(start, tag, sign);
        _position = tag + 2 + (sign is '-' or '+' ? 1 : 0);
        switch (_text[tag + 1])
        {
            case '#':
                SkipComment();
                break;
            case '{':
                ReadTag(TokenKind.OpensOutput, TokenKind.ClosesOutput, "}}");
                break;
            default:
                if (!TryReadRaw())
                    ReadTag(TokenKind.OpensStatement, TokenKind.ClosesStatement, "%}");
                break;
        }
    }

    private int LinesOfLast(int start, int tag, char sign) => Before(start, tag, sign).AsSpan().Count('\n');

    private int NextTag(int from)
    {
        for (var index = from; index + 1 < _text.Length; index++)
        {
            if (_text[index] == '{' && _text[index + 1] is '{' or '%' or '#')
                return index;
        }

        return -1;
    }

    private string Before(int start, int tag, char sign)
    {
        var text = _text[start..tag];
        if (sign == '-')
            return text.TrimEnd();
        if (sign == '+' || _text[tag + 1] == '{')
            return text;
        // A statement that begins its line.
        var line = text.LastIndexOf('\n') + 1;
        var beginsLine = line > 0 || start == 0 || _text[start - 1] == '\n';
        return beginsLine && string.IsNullOrWhiteSpace(text[line..]) ? text[..line] : text;
    }

    private void SkipComment()
    {
        var end = _text.IndexOf("#}", _position, StringComparison.Ordinal);
        if (end < 0)
            throw _source.Fault(_line, "a comment is not closed");
        _line += _text.AsSpan(_position, end - _position).Count('\n');
        var sign = end > _position ? _text[end - 1] : ' ';
        _position = end + 2;
        SkipAfter(sign, isStatement: true);
    }

    // White space after a tag.
    private void SkipAfter(char sign, bool isStatement)
    {
        if (sign == '-')
        {
            while (_position < _text.Length && char.IsWhiteSpace(_text[_position]))
                Advance();
        }
        else if (isStatement && sign != '+' && _position < _text.Length && _text[_position] == '\n')
        {
            Advance();
        }
    }

    private void ReadTag(TokenKind opens, TokenKind closes, string end)
    {
        Add(opens, "");
        var (depth, opened) = (0, _line);
        while (true)
        {
            SkipSpace();
            if (_position >= _text.Length)
                throw _source.Fault(opened, $"a tag is not closed by '{end}'");
            if (depth == 0 && Closing(end) is { } sign)
            {
                Add(closes, "");
                _position += sign == ' ' ? 2 : 3;
                SkipAfter(sign, closes == TokenKind.ClosesStatement);
                return;
            }

            ReadToken();
            depth += _tokens[^1] is { Kind: TokenKind.Operator, Text: "(" or "[" or "{" } ? 1 : 0;
            depth -= _tokens[^1] is { Kind: TokenKind.Operator, Text: ")" or "]" or "}" } ? 1 : 0;
            if (depth < 0)
                throw _source.Fault(_line, $"'{_tokens[^1].Text}' closes nothing");
        }
    }

    private char? Closing(string end)
    {
        var rest = _text.AsSpan(_position);
        if (rest.StartsWith(end))
            return ' ';
        return rest.Length > 2 && rest[0] is '-' or '+' && rest[1..].StartsWith(end) && !(rest[0] == '+' && end == "}}")
            ? rest[0]
            : null;
    }

    private bool TryReadRaw()
    {
        if (!TryMarker(_position, "raw", out var body, out var sign))
            return false;
        _position = body;
        SkipAfter(sign, isStatement: true);
        var start = _position;
        for (var index = start; index < _text.Length; index++)
        {
            if (!_text.AsSpan(index).StartsWith("{%"))
                continue;
            var opening = index + 2 < _text.Length ? _text[index + 2] : ' ';
            var name = index + 2 + (opening is '-' or '+' ? 1 : 0);
            if (!TryMarker(name, "endraw", out var after, out sign))
                continue;
            AddText(Before(start, index, opening));
            _position = after;
            SkipAfter(sign, isStatement: true);
            return true;
        }

        throw _source.Fault(_line, "'raw' is not closed by 'endraw'");
    }

    private bool TryMarker(int position, string name, out int after, out char sign)
    {
        (after, sign) = (0, ' ');
        var rest = _text.AsSpan(position);
        var trimmed = rest.TrimStart();
        if (!trimmed.StartsWith(name))
            return false;
        var tail = trimmed[name.Length..].TrimStart();
        if (tail.Length > 2 && tail[0] is '-' or '+' && tail[1..].StartsWith("%}"))
        {
            sign = tail[0];
            tail = tail[1..];
        }

        after = _text.Length - tail.Length + 2;
        return tail.StartsWith("%}");
    }

    private void ReadToken()
    {
        var first = _text[_position];
        if (first is '\'' or '"')
            ReadString(first);
        else if (char.IsAsciiDigit(first))
            ReadNumber();
        else if (char.IsLetter(first) || first == '_')
            Take(TokenKind.Name, character => char.IsLetterOrDigit(character) || character == '_');
        else if (Array.Find(s_operators, IsNext) is { } symbol)
            Take(TokenKind.Operator, symbol.Length);
        else
            throw _source.Fault(_line, $"'{first}' is not understood");
    }

    private bool IsNext(string symbol) => _text.AsSpan(_position).StartsWith(symbol);

    private void ReadNumber()
    {
        var end = _position;
        while (end < _text.Length && (char.IsAsciiDigit(_text[end]) || _text[end] == '_'))
            end++;
        var isFloat = end + 1 < _text.Length && _text[end] == '.' && char.IsAsciiDigit(_text[end + 1]);
        for (end += isFloat ? 1 : 0; isFloat && end < _text.Length && char.IsAsciiDigit(_text[end]); )
            end++;
        if (end < _text.Length && char.IsLetter(_text[end]))
            throw _source.Fault(_line, $"the number '{_text[_position..(end + 1)]}' is not understood");
        Take(isFloat ? TokenKind.Float : TokenKind.Integer, end - _position);
    }

    private void ReadString(char quote)
    {
        var (text, line) = (new StringBuilder(), _line);
        for (Advance(); ; Advance())
        {
            if (_position >= _text.Length)
                throw _source.Fault(line, "a text is not closed");
            if (_text[_position] == quote)
                break;
            if (_text[_position] == '\\' && _position + 1 < _text.Length)
                text.Append(Escape());
            else
                text.Append(_text[_position]);
        }

        Advance();
        _tokens.Add(new TemplateToken(TokenKind.String, text.ToString(), line));
    }

    // Python's escapes; one that it does not know stays as it is.
    private string Escape()
    {
        Advance();
        var code = _text[_position];
        var digits = code switch
        {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        if (digits == 0)
            return code switch
            {
                'n' => "\n",
                't' => "\t",
                'r' => "\r",
                'b' => "\b",
                'f' => "\f",
                'v' => "\v",
                'a' => "\a",
                '0' => "\0",
                '\n' => "",
                '\\' or '\'' or '"' => code.ToString(),
                _ => $"\\{code}",
            };
        var written = _text.AsSpan(_position + 1, Math.Min(digits, _text.Length - _position - 1));
        if (
            written.Length < digits
            || !int.TryParse(written, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number)
            || number > 0x10FFFF
        )
            throw _source.Fault(_line, $"the escape '\\{code}{written}' is not understood");
        _position += digits;
        return number > char.MaxValue ? char.ConvertFromUtf32(number) : ((char)number).ToString();
    }

    private void Take(TokenKind kind, Func<char, bool> belongs)
    {
        var end = _position;
        while (end < _text.Length && belongs(_text[end]))
            end++;
        Take(kind, end - _position);
    }

    private void Take(TokenKind kind, int length)
    {
        Add(kind, _text.Substring(_position, length));
        _position += length;
    }

    private void SkipSpace()
    {
        while (_position < _text.Length && char.IsWhiteSpace(_text[_position]))
            Advance();
    }

    private void Advance()
    {
        if (_position < _text.Length && _text[_position] == '\n')
            _line++;
        _position++;
    }

    private void AddText(string text)
    {
        if (text.Length > 0)
            Add(TokenKind.Text, text);
        _line += text.AsSpan().Count('\n');
    }

    private void Add(TokenKind kind, string text)
    {
        if (_tokens.Count >= MostTokens)
            throw _source.Fault(_line, $"a template has at most {MostTokens} parts");
        _tokens.Add(new TemplateToken(kind, text, _line));
    }
}
