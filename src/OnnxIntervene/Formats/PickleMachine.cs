using System.Collections.Immutable;
using OnnxIntervene.IR;

namespace OnnxIntervene.Formats;

/// <summary>
/// Runs the few pickle instructions that a dictionary of tensors needs. No class is ever looked up: the known ones are
/// names that this machine handles itself, all others are refused by name. Work and memory grow with the
/// pickle's length, not with what it claims.
/// </summary>
internal sealed class PickleMachine
{
    private readonly string _path;
    private readonly List<PickleItem> _stack = [];
    private readonly Stack<int> _marks = [];
    private readonly Dictionary<long, PickleItem> _memo = [];

    private PickleMachine(string path) => _path = path;

    public static PickleItem Run(byte[] pickle, string path)
    {
        var machine = new PickleMachine(path);
        foreach (var instruction in PickleReader.Parse(pickle, path))
            machine.Step(instruction);
        return machine.Pop();
    }

    private void Step(PickleInstruction instruction)
    {
        switch (instruction.Opcode)
        {
            case PickleOpcode.Protocol or PickleOpcode.Frame or PickleOpcode.Stop:
                break;
            case PickleOpcode.Mark:
                _marks.Push(_stack.Count);
                break;
            case PickleOpcode.BinGet or PickleOpcode.LongBinGet:
                _stack.Add(
                    _memo.GetValueOrDefault(instruction.Number)
                        ?? throw Fault($"the memo has no entry {instruction.Number}")
                );
                break;
            case PickleOpcode.BinPut or PickleOpcode.LongBinPut:
                _memo[instruction.Number] = Peek();
                break;
            case PickleOpcode.Memoize:
                _memo[_memo.Count] = Peek();
                break;
            case PickleOpcode.Append
            or PickleOpcode.Appends
            or PickleOpcode.SetItem
            or PickleOpcode.SetItems
            or PickleOpcode.Build:
                Fill(instruction.Opcode);
                break;
            default:
                _stack.Add(Make(instruction));
                break;
        }
    }

    private PickleItem Make(PickleInstruction instruction) =>
        instruction.Opcode switch
        {
            PickleOpcode.None => new PickleNone(),
            PickleOpcode.NewTrue or PickleOpcode.NewFalse => new PickleTruth(),
            PickleOpcode.BinInt or PickleOpcode.BinInt1 or PickleOpcode.BinInt2 or PickleOpcode.Long1 =>
                new PickleNumber(instruction.Number),
            PickleOpcode.BinUnicode or PickleOpcode.ShortBinUnicode => new PickleText(instruction.Text!),
            PickleOpcode.EmptyTuple => new PickleTuple([]),
            PickleOpcode.EmptyList => new PickleList([]),
            PickleOpcode.EmptyDict => new PickleDictionary([]),
            PickleOpcode.Tuple1 => new PickleTuple(Take(1)),
            PickleOpcode.Tuple2 => new PickleTuple(Take(2)),
            PickleOpcode.Tuple3 => new PickleTuple(Take(3)),
            PickleOpcode.Tuple => new PickleTuple(TakeToMark()),
            PickleOpcode.Global => Class(instruction.Text!),
            PickleOpcode.StackGlobal => Class(string.Join('.', Take(2).Select(Text))),
            PickleOpcode.BinPersistentId => TorchObjects.Storage(Pop(), _path),
            PickleOpcode.Reduce => Call(Take(2)),
            _ => throw new System.Diagnostics.UnreachableException($"{instruction}"),
        };

    private PickleClass Class(string name) =>
        TorchObjects.IsKnown(name)
            ? new PickleClass(name)
            : throw new ModelFormatException(
                $"'{_path}' asks for the class '{name}', which is not run. Save the tensors alone: "
                    + $"torch.save(module.state_dict(), path)."
            );

    private PickleItem Call(ImmutableArray<PickleItem> operands) =>
        operands is [PickleClass called, PickleTuple arguments]
            ? TorchObjects.Call(called.Name, arguments.Items, _path)
            : throw Fault($"{operands[0].Kind} is called with {operands[1].Kind}");

    private void Fill(PickleOpcode opcode)
    {
        var items = opcode switch
        {
            PickleOpcode.SetItem => Take(2),
            PickleOpcode.Append or PickleOpcode.Build => Take(1),
            _ => TakeToMark(),
        };
        switch (Peek(), opcode)
        {
            // The state of an OrderedDict is its _metadata: the modules' versions, which no tensor needs.
            case (PickleDictionary, PickleOpcode.Build):
                break;
            case (PickleDictionary dictionary, PickleOpcode.SetItem or PickleOpcode.SetItems)
                when items.Length % 2 == 0:
                for (var index = 0; index < items.Length; index += 2)
                    dictionary.Entries.Add(new(items[index], items[index + 1]));
                break;
            case (PickleList list, PickleOpcode.Append or PickleOpcode.Appends):
                list.Items.AddRange(items);
                break;
            default:
                throw Fault($"{opcode} meets {Peek().Kind}");
        }
    }

    private string Text(PickleItem item) =>
        item is PickleText text ? text.Text : throw Fault($"{item.Kind} is found where a name is needed");

    private PickleItem Pop() => Take(1)[0];

    private PickleItem Peek() =>
        _stack.Count > Floor ? _stack[^1] : throw Fault("the stack is empty where it must not be");

    private ImmutableArray<PickleItem> TakeToMark()
    {
        if (!_marks.TryPop(out var mark))
            throw Fault("a mark is missing");
        return TakeFrom(mark);
    }

    private ImmutableArray<PickleItem> Take(int count) =>
        _stack.Count - count >= Floor
            ? TakeFrom(_stack.Count - count)
            : throw Fault("the stack is empty where it must not be");

    private int Floor => _marks.TryPeek(out var mark) ? mark : 0;

    private ImmutableArray<PickleItem> TakeFrom(int start)
    {
        var items = ImmutableArray.Create(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_stack)[start..]);
        _stack.RemoveRange(start, items.Length);
        return items;
    }

    private ModelFormatException Fault(string what) => new($"'{_path}': the pickle is not well formed: {what}.");
}
