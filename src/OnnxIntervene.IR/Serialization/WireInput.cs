namespace OnnxIntervene.IR.Serialization;

/// <summary>
/// Reads the protobuf wire format from a stream that can be skipped through. No read goes beyond the stream's length.
/// </summary>
internal sealed class WireInput(Stream stream, string name)
{
    private readonly byte[] _buffer = new byte[1 << 16];
    private int _start;
    private int _end;

    public long Length { get; } = stream.Length;

    public long Position { get; private set; }

    public byte ReadByte()
    {
        if (_start == _end)
            Fill();
        Position++;
        return _buffer[_start++];
    }

    public ulong ReadVarint(WirePlace place)
    {
        var result = 0UL;
        for (var shift = 0; shift < 70; shift += 7)
        {
            var next = ReadByte();
            result |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return result;
        }

        throw place.Fault($"the number before byte {Position} has more than ten bytes.");
    }

    public void CopyTo(Stream target, long count)
    {
        while (count > 0)
        {
            if (_start == _end)
                Fill();
            var part = (int)Math.Min(count, _end - _start);
            target.Write(_buffer, _start, part);
            _start += part;
            Position += part;
            count -= part;
        }
    }

    public void Skip(long count)
    {
        Position += count;
        if (count <= _end - _start)
        {
            _start += (int)count;
            return;
        }

        _start = _end = 0;
        stream.Position = Position;
    }

    private void Fill()
    {
        _start = 0;
        _end = stream.Read(_buffer, 0, _buffer.Length);
        if (_end == 0)
            throw new ModelFormatException(
                $"'{name}' ends at byte {Position}, in the middle of a field. Was it downloaded whole?"
            );
    }
}
