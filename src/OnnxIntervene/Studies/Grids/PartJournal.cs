using System.Runtime.InteropServices;
using OnnxIntervene.IR;
using OnnxIntervene.Json;

namespace OnnxIntervene.Studies.Grids;

/// <summary>Receives what a part of a study is: what a file kept of it, or what has been computed now.</summary>
internal delegate void PartReceiver(int prompt, int part, ReadOnlySpan<float> numbers);

/// <summary>
/// The parts of a study that reads, kept in a file line by line (JSON Lines): a study that was ended goes on where it
/// was, and no part counts twice. After the first line (<see cref="JournalHeader"/>) each is <c>{"prompt": 0, "cell":
/// 7, "numbers": "…"}</c>: 32-bit floats, the lowest byte first, in base64, since there may be millions.
/// </summary>
internal sealed class PartJournal : IDisposable
{
    private readonly StudyParts _parts;
    private readonly PartReceiver _receive;
    private readonly JournalWriter? _file;
    private readonly HashSet<(int Prompt, int Part)> _kept = [];

    private PartJournal(StudyParts parts, PartReceiver receive, JournalWriter? file) =>
        (_parts, _receive, _file) = (parts, receive, file);

    /// <summary>Opens the file of a study, or begins one, and hands on what it holds.</summary>
    /// <param name="journal">The file; null to keep nothing.</param>
    /// <param name="parts">The parts of the study.</param>
    /// <param name="receive">Receives every part once, in the order of the file's lines.</param>
    /// <exception cref="InterventionException">The file holds another study.</exception>
    /// <exception cref="ModelFormatException">A line is not one of ours.</exception>
    /// <exception cref="IOException">The file cannot be written, or another process is writing it.</exception>
    public static PartJournal Open(StudyJournal? journal, StudyParts parts, PartReceiver receive)
    {
        if (journal is null)
            return new PartJournal(parts, receive, null);
        var opened = new PartJournal(parts, receive, new JournalWriter(journal.Path));
        try
        {
            opened.Begin(journal);
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>Whether a part is known.</summary>
    public bool Has(int prompt, int part) => _kept.Contains((prompt, part));

    /// <summary>The prompts of which one of some parts is not known.</summary>
    public int[] Missing(int firstPart, int count) =>
        [
            .. Enumerable
                .Range(0, _parts.Prompts)
                .Where(prompt => !Enumerable.Range(firstPart, count).All(part => Has(prompt, part))),
        ];

    /// <summary>The prompts of which a part is not known.</summary>
    public int[] Missing() => Missing(0, _parts.PartsOfPrompt);

    /// <summary>Hands a part on and keeps it, unless it was known.</summary>
    public void Keep(int prompt, int part, ReadOnlySpan<float> numbers)
    {
        if (!_kept.Add((prompt, part)))
            return;
        _receive(prompt, part, numbers);
        _file?.Append(
            JournalWriter.Line(
                new
                {
                    prompt,
                    Cell = part,
                    Numbers = Convert.ToBase64String(MemoryMarshal.AsBytes(numbers)),
                }
            )
        );
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    private void Begin(StudyJournal journal)
    {
        var identity = _parts.Identity();
        if (!_file!.Read(Read))
            _file.Wait(
                JournalWriter.Line(
                    new JournalHeader
                    {
                        Study = identity,
                        Cells = _parts.Count,
                        ShardCells = _parts.Count,
                        Command = journal.Command,
                    }
                )
            );

        void Read(JsonPlace line, int number)
        {
            if (number == 1)
                JournalHeader.Check(line, journal.Path, identity, null);
            else
                Receive(line);
        }
    }

    private void Receive(JsonPlace line)
    {
        var prompt = line["prompt"].Integer(0, _parts.Prompts - 1);
        var part = line["cell"].Integer(0, _parts.PartsOfPrompt - 1);
        var numbers = Numbers(line["numbers"], _parts.LengthOf(part));
        if (_kept.Add((prompt, part)))
            _receive(prompt, part, numbers);
    }

    private static ReadOnlySpan<float> Numbers(JsonPlace place, int count)
    {
        var bytes = new byte[count * sizeof(float)];
        return Convert.TryFromBase64String(place.Text(), bytes, out var length) && length == bytes.Length
            ? MemoryMarshal.Cast<byte, float>(bytes)
            : throw place.Fault($"{count} numbers in base64 are expected");
    }
}
