using System.Numerics;

namespace OnnxIntervene.Numerics;

/// <summary>
/// The numbers of numpy's <c>RandomState(seed)</c>: the Mersenne twister (Matsumoto and Nishimura 1998) and numpy's
/// legacy normal numbers (Marsaglia's polar method). The state advances with every number; one instance serves one
/// thread.
/// </summary>
public sealed class NumpyRandom
{
    private const int Length = 624;
    private const int Middle = 397;
    private readonly uint[] _state = new uint[Length];
    private int _position = Length;
    private double? _second;

    /// <summary>Starts as <c>numpy.random.RandomState(seed)</c> does for a whole number.</summary>
    public NumpyRandom(uint seed)
    {
        _state[0] = seed;
        for (var index = 1u; index < Length; index++)
            _state[index] = (1812433253u * (_state[index - 1] ^ (_state[index - 1] >> 30))) + index;
    }

    /// <summary>The next numbers of <c>randn</c>: independent, mean 0, standard deviation 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The count is negative.</exception>
    public double[] StandardNormal(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var numbers = new double[count];
        for (var index = 0; index < count; index++)
            numbers[index] = NextNormal();
        return numbers;
    }

    /// <summary>The next number of <c>random_sample</c>: from 0, below 1, of 53 random bits.</summary>
    public double NextDouble()
    {
        var high = NextBits() >> 5;
        var low = NextBits() >> 6;
        return ((high * 67108864.0) + low) / 9007199254740992.0;
    }

    /// <summary>
    /// The next number of <c>randint(limit)</c>: a whole number from 0, below the limit, each as likely.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The limit is less than 1.</exception>
    public int NextInteger(int limit)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        if (limit == 1)
            return 0;
        var mask = uint.MaxValue >> BitOperations.LeadingZeroCount((uint)(limit - 1));
        while (true)
        {
            // Numbers beyond the limit are drawn anew, as numpy's legacy generator does.
            if ((NextBits() & mask) is var bits && bits < limit)
                return (int)bits;
        }
    }

    /// <summary>Puts items into a random order, each as likely (Fisher and Yates).</summary>
    public void Shuffle<T>(T[] items)
    {
        ArgumentNullException.ThrowIfNull(items);
        for (var last = items.Length - 1; last > 0; last--)
        {
            var other = NextInteger(last + 1);
            (items[last], items[other]) = (items[other], items[last]);
        }
    }

    // The polar method makes two numbers; the first is kept for the next call, as numpy does.
    private double NextNormal()
    {
        if (_second is { } kept)
        {
            _second = null;
            return kept;
        }

        double first,
            second,
            square;
        do
        {
            first = (2 * NextDouble()) - 1;
            second = (2 * NextDouble()) - 1;
            square = (first * first) + (second * second);
        } while (square is >= 1 or 0);
        var factor = Math.Sqrt(-2 * Math.Log(square) / square);
        _second = factor * first;
        return factor * second;
    }

    private uint NextBits()
    {
        if (_position == Length)
            Twist();
        var bits = _state[_position++];
        bits ^= bits >> 11;
        bits ^= (bits << 7) & 0x9d2c5680;
        bits ^= (bits << 15) & 0xefc60000;
        return bits ^ (bits >> 18);
    }

    private void Twist()
    {
        for (var index = 0; index < Length; index++)
        {
            var joined = (_state[index] & 0x80000000) | (_state[(index + 1) % Length] & 0x7fffffff);
            _state[index] = _state[(index + Middle) % Length] ^ (joined >> 1) ^ ((joined & 1) * 0x9908b0dfu);
        }

        _position = 0;
    }
}
