using System.Buffers.Binary;
using System.Text;

namespace OnnxIntervene.Formats;

/// <summary>
/// Writes pickle protocol 2 as CPython's own pickler does: every object gets the next number of the memo.
/// </summary>
internal sealed class PickleWriter
{
    // CPython's pickler writes this many entries of a dictionary at once.
    private const int BatchSize = 1000;

    private readonly List<byte> _bytes = [];
    private readonly Dictionary<string, int> _shared = [];
    private int _memoCount;

    public PickleWriter() => _bytes.AddRange([(byte)PickleOpcode.Protocol, 2]);

    public void Add(PickleOpcode opcode) => _bytes.Add((byte)opcode);

    /// <summary>Adds an instruction whose result gets a number in the memo.</summary>
    public void Put(PickleOpcode opcode)
    {
        Add(opcode);
        Memo(PickleOpcode.BinPut, PickleOpcode.LongBinPut, _memoCount++);
    }

    public void Class(string module, string name) =>
        Shared(
            $"{module}\n{name}\n",
            global =>
            {
                Add(PickleOpcode.Global);
                _bytes.AddRange(Encoding.ASCII.GetBytes(global));
            }
        );

    /// <summary>A string that is one object in Python, so the memo supplies it the second time.</summary>
    public void SharedText(string text) => Shared(text, AddText);

    public void Text(string text)
    {
        AddText(text);
        Memo(PickleOpcode.BinPut, PickleOpcode.LongBinPut, _memoCount++);
    }

    /// <summary>A number that is not negative.</summary>
    public void Number(int number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        var (opcode, length) = number switch
        {
            <= byte.MaxValue => (PickleOpcode.BinInt1, 1),
            <= ushort.MaxValue => (PickleOpcode.BinInt2, 2),
            _ => (PickleOpcode.BinInt, 4),
        };
        Add(opcode);
        _bytes.AddRange(bytes[..length]);
    }

    public void Tuple(int[] numbers)
    {
        if (numbers.Length > 3)
            Add(PickleOpcode.Mark);
        foreach (var number in numbers)
            Number(number);
        if (numbers.Length == 0)
            Add(PickleOpcode.EmptyTuple);
        else
            Put(numbers.Length > 3 ? PickleOpcode.Tuple : PickleOpcode.Tuple1 + (byte)(numbers.Length - 1));
    }

    /// <summary>Entries of the dictionary on top; each action writes a key and its value.</summary>
    public void Items(IEnumerable<Action> entries)
    {
        foreach (var batch in entries.Chunk(BatchSize))
        {
            if (batch.Length > 1)
                Add(PickleOpcode.Mark);
            foreach (var entry in batch)
                entry();
            Add(batch.Length > 1 ? PickleOpcode.SetItems : PickleOpcode.SetItem);
        }
    }

    public byte[] Finish()
    {
        Add(PickleOpcode.Stop);
        return [.. _bytes];
    }

    private void Shared(string content, Action<string> write)
    {
        if (_shared.TryGetValue(content, out var number))
        {
            Memo(PickleOpcode.BinGet, PickleOpcode.LongBinGet, number);
            return;
        }

        write(content);
        _shared.Add(content, _memoCount);
        Memo(PickleOpcode.BinPut, PickleOpcode.LongBinPut, _memoCount++);
    }

    private void AddText(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
        Add(PickleOpcode.BinUnicode);
        _bytes.AddRange(length);
        _bytes.AddRange(bytes);
    }

    private void Memo(PickleOpcode near, PickleOpcode far, int number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        Add(number <= byte.MaxValue ? near : far);
        _bytes.AddRange(number <= byte.MaxValue ? bytes[..1] : bytes);
    }
}
