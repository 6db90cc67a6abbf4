namespace OnnxIntervene.Fuzz.Mutation;

/// <summary>
/// Changes fields of a protobuf message: drops, doubles and swaps them, gives them other numbers, texts and kinds, and
/// takes some from another file.
/// </summary>
internal static class WireMutator
{
    private const int GraphField = 7;

    /// <summary>A changed copy.</summary>
    public static byte[] Mutate(byte[] content, byte[] other, Random random)
    {
        if (WireField.Parse(content) is not { Count: > 0 } root)
            return ByteMutator.Mutate(content, other, random);
        for (var count = random.Next(1, 4); count > 0; count--)
            MutateOnce(root, other, random);
        return WireField.Write(root);
    }

    private static void MutateOnce(List<WireField> root, byte[] other, Random random)
    {
        var (list, index) = Choose(root, random);
        if (list.Count == 0)
            return;
        var field = list[index];
        switch (random.Next(10))
        {
            case 0:
                list.RemoveAt(index);
                break;
            case 1:
                list.Insert(random.Next(list.Count + 1), field.Copy());
                break;
            case 2:
                var second = random.Next(list.Count);
                (list[index], list[second]) = (list[second], list[index]);
                break;
            case 3:
                field.Number = random.Of(list).Number;
                break;
            case 4:
                field.Number = random.Next(1, 24);
                break;
            case 5 when WireField.Parse(other) is { Count: > 0 } foreign:
                var (from, place) = Choose(foreign, random);
                if (from.Count > 0)
                    list[index] = from[place].Copy();
                break;
            default:
                ChangeContent(field, root, random);
                break;
        }
    }

    // From the root down, each time into a message if there is one: everything small is met, not only the many weights.
    private static (List<WireField> List, int Index) Choose(List<WireField> root, Random random)
    {
        var list = root;
        if (random.Next(8) > 0 && root.Find(field => field.Number == GraphField) is { Fields: { Count: > 0 } graph })
            list = graph;
        while (true)
        {
            var numbers = list.Select(field => field.Number).Distinct().ToList();
            if (numbers.Count == 0)
                return (list, 0);
            var number = random.Of(numbers);
            var same = list.Select((field, index) => (field, index))
                .Where(item => item.field.Number == number)
                .ToList();
            var (chosen, place) = random.Of(same);
            if (chosen.Fields is not { Count: > 0 } inner || random.OneIn(5))
                return (list, place);
            list = inner;
        }
    }

    private static void ChangeContent(WireField field, List<WireField> root, Random random)
    {
        if (field.Type == 0)
            field.Varint = random.OneIn(2) ? (ulong)random.Next(20) : (ulong)random.Of(Chance.Numbers);
        else if (field.IsText && field.Fields is null)
            field.Text = OtherText(field, root, random);
        else if (field.Fields is { Count: > 0 } inner && random.OneIn(2))
            inner.RemoveAt(random.Next(inner.Count));
        else if (field.Fields is null)
            field.Bytes = ByteMutator.Mutate(field.Bytes, field.Bytes, random);
        else
            (field.Fields, field.Bytes) = (null, []);
    }

    // Another name of the file makes other wiring, which random letters do not.
    private static string OtherText(WireField field, List<WireField> root, Random random)
    {
        if (random.OneIn(6))
            return random.Of(
                new[]
                {
                    "",
                    "x",
                    "\ud83d",
                    new string('a', 300),
                    "../x",
                    "\u001b[31m",
                    "1e999",
                    "-1",
                    "axis",
                    "num_heads",
                }
            );
        var (list, index) = (root, 0);
        for (var tries = 0; tries < 20; tries++)
        {
            (list, index) = Choose(root, random);
            if (list.Count > 0 && list[index] is { IsText: true } other && other.Text != field.Text)
                return other.Text;
        }

        return field.Text + "x";
    }
}
