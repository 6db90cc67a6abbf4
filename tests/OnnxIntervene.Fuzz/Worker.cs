using System.Diagnostics;
using System.Text;
using OnnxIntervene.Testing.Hostile;

namespace OnnxIntervene.Fuzz;

/// <summary>
/// Tries every n-th mutant. Each is written before it is tried, and so is what is done with it: when the process dies,
/// the file that killed it is still there.
/// </summary>
internal sealed class Worker : IDisposable
{
    private readonly FuzzOptions _options;
    private readonly string _case;
    private readonly FileStream _state;
    private readonly Corpus _corpus;
    private string _target = "";
    private long _index;

    public Worker(FuzzOptions options)
    {
        _options = options;
        _case = Path.Combine(options.Scratch, "case");
        _state = new FileStream(
            Path.Combine(options.Scratch, "state"),
            FileMode.Create,
            FileAccess.Write,
            FileShare.ReadWrite,
            bufferSize: 0
        );
        _corpus = new Corpus(Path.Combine(options.Scratch, "corpus"), options.Only);
    }

    public void Run()
    {
        for (_index = _options.From; _index < _options.Count; _index += _options.Workers)
        {
            var random = new Random(HashCode(_options.Seed, _index));
            var (seed, other) = _corpus.Draw(random);
            _target = seed.Target.Name;
            var clock = Stopwatch.StartNew();
            Try(seed, seed.Mutate(seed.Content, other.Content, random));
            Console.WriteLine($"tried\t{clock.ElapsedTicks}\t{_target}");
        }
    }

    /// <summary>Closes the file that says what is being done.</summary>
    public void Dispose() => _state.Dispose();

    // The framework's own differs from process to process.
    private static int HashCode(int seed, long index) =>
        (int)(((seed * 0x9E3779B9L) + (index * 0x85EBCA6BL)) & int.MaxValue);

    private void Try(Seed seed, byte[] mutant)
    {
        Lay(seed, mutant);
        if (Find(seed) is not { } finding)
            return;
        var kept = Kept.Path(_options.Out, _target, finding.Key);
        if (!Directory.Exists(kept))
        {
            var small = new Shrinker(bytes => IsSame(seed, bytes, finding.Key)).Shrink(seed.Name, mutant);
            Lay(seed, small);
            Kept.Add(kept, _case, finding.Message);
        }

        Console.WriteLine($"finding\t{_target}\t{finding.Key}");
    }

    private bool IsSame(Seed seed, byte[] bytes, string key)
    {
        Lay(seed, bytes);
        return Find(seed)?.Key == key;
    }

    private Finding? Find(Seed seed) => Finding.Of(seed.Target, new HostileFile(_case, seed.Name), Note);

    private void Lay(Seed seed, byte[] mutant)
    {
        if (Directory.Exists(_case))
            Directory.Delete(_case, recursive: true);
        Directory.CreateDirectory(_case);
        foreach (var (name, content) in seed.Files)
            File.WriteAllBytes(Path.Combine(_case, name), name == seed.Name ? mutant : content);
    }

    private void Note(string step)
    {
        _state.Position = 0;
        _state.Write(Encoding.UTF8.GetBytes($"{_index}\t{_target}\t{step}\n".PadRight(80)));
    }
}
