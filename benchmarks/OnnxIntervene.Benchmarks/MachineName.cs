using System.Runtime.InteropServices;

namespace OnnxIntervene.Benchmarks;

/// <summary>Names the machine that a figure was measured on.</summary>
internal static class MachineName
{
    public static string Describe()
    {
        const string Information = "/proc/cpuinfo";
        var processor = File.Exists(Information)
            ? File.ReadLines(Information)
                .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
                ?.Split(':')[1]
                .Trim()
            : null;
        return $"{processor ?? RuntimeInformation.ProcessArchitecture.ToString()}, {Environment.ProcessorCount} "
            + $"cores, .NET {Environment.Version}";
    }
}
