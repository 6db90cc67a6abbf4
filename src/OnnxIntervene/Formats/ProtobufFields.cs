using System.Buffers.Binary;
using System.Text;

namespace OnnxIntervene.Formats;

/// <summary>
/// The fields of one message in protobuf's wire format, one after the other, over the bytes of the file
/// (protobuf.dev/programming-guides/encoding). Takes no memory of its own.
/// </summary>
internal ref struct ProtobufFields
{
    private const int LongestVarint = 10;
    private static readonly UTF8Encoding s_strict = new(false, throwOnInvalidBytes: true);
    private readonly ReadOnlySpan<byte> _message;
    private readonly Func<string, Exception> _fault;
    private readonly int _start;
    private int _position;
    private int _wireType;
    private ulong _number;
    private ReadOnlySpan<byte> _contents;

    /// <param name="message">The bytes of the message.</param>
    /// <param name="start">Where in the file the message begins.</param>
    /// <param name="fault">Makes the exception of a message.</param>
    public ProtobufFields(ReadOnlySpan<byte> message, int start, Func<string, Exception> fault)
    {
        _message = message;
        (_start, _fault) = (start, fault);
    }

    /// <summary>The field's number in its schema.</summary>
    public int Number { get; private set; }

    /// <summary>Where in the file the field's contents begin.</summary>
    public int Place { get; private set; }

    /// <summary>Goes to the next field; false after the last.</summary>
    public bool Next()
    {
        if (_position == _message.Length)
            return false;
        var begin = _start + _position;
        var tag = Varint();
        (Number, _wireType) = (tag >> 3 is > 0 and <= 536870911 ? (int)(tag >> 3) : 0, (int)(tag & 7));
        if (Number == 0)
            throw _fault($"no field begins at byte {begin}");
        Place = _start + _position;
        switch (_wireType)
        {
            case 0:
                _number = Varint();
                break;
            case 1:
                _contents = Taken(8);
                break;
            case 2:
                var length = Varint();
                Place = _start + _position;
                _contents = Taken(length);
                break;
            case 5:
                _contents = Taken(4);
                break;
            default:
                throw _fault($"the field at byte {begin} is of wire type {_wireType}, which is not used");
        }

        return true;
    }

    /// <summary>A whole number.</summary>
    public readonly long Whole => _wireType == 0 ? (long)_number : throw Wrong("a whole number");

    /// <summary>True or false.</summary>
    public readonly bool Flag => Whole != 0;

    /// <summary>A number of 32 bits.</summary>
    public readonly float Single =>
        _wireType == 5 ? BinaryPrimitives.ReadSingleLittleEndian(_contents) : throw Wrong("a number of 32 bits");

    /// <summary>Bytes, or a message.</summary>
    public readonly ReadOnlySpan<byte> Bytes => _wireType == 2 ? _contents : throw Wrong("bytes");

    /// <summary>A text.</summary>
    public readonly string Text
    {
        get
        {
            try
            {
                return s_strict.GetString(Bytes);
            }
            catch (DecoderFallbackException)
            {
                throw _fault($"the text at byte {Place} is not UTF-8");
            }
        }
    }

    private readonly Exception Wrong(string what) =>
        _fault($"field {Number} at byte {Place} is of wire type {_wireType}, where {what} is expected");

    private ReadOnlySpan<byte> Taken(ulong length)
    {
        var left = _message.Length - _position;
        if (length > (ulong)left)
            throw _fault(
                $"the field at byte {_start + _position} claims {length} bytes, but {left} are left. Was the file "
                    + "downloaded whole?"
            );
        _position += (int)length;
        return _message.Slice(_position - (int)length, (int)length);
    }

    private ulong Varint()
    {
        var (result, begin) = (0UL, _position);
        while (_position < _message.Length)
        {
            var next = _message[_position];
            result |= (ulong)(next & 0x7F) << (7 * (_position - begin));
            _position++;
            if (next < 0x80)
                return result;
            if (_position - begin == LongestVarint)
                throw _fault($"the number at byte {_start + begin} has more than ten bytes");
        }

        throw _fault(
            $"the file ends at byte {_start + _position}, in the middle of a number. Was it downloaded whole?"
        );
    }
}
