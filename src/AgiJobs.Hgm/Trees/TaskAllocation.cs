using System.Numerics;

namespace AgiJobs.Hgm.Trees;

/// <summary>Which tasks each agent was given already, so that each (agent, task) pair is evaluated at most once.</summary>
public sealed class TaskAllocation
{
    private readonly int _words;
    private ulong[] _taken = [];
    private int[] _left = [];
    private int _agents;

    /// <summary>No agent yet.</summary>
    /// <param name="tasks">How many tasks there are, at least one; they are numbered from 0.</param>
    public TaskAllocation(int tasks)
    {
        Tasks = tasks;
        _words = (tasks + 63) / 64;
    }

    /// <summary>How many tasks there are.</summary>
    public int Tasks { get; }

    /// <summary>How many tasks each agent was not given.</summary>
    public ReadOnlySpan<int> Left => _left.AsSpan(0, _agents);

    /// <summary>Makes room for one more agent, to which all tasks are left.</summary>
    public void Add()
    {
        if (_agents == _left.Length)
        {
            var size = Math.Max(16, 2 * _left.Length);
            Array.Resize(ref _left, size);
            Array.Resize(ref _taken, size * _words);
        }

        _left[_agents++] = Tasks;
    }

    /// <summary>Whether the agent was given this task.</summary>
    public bool IsTaken(int agent, int task) => (_taken[agent * _words + (task >> 6)] >> (task & 63) & 1) != 0;

    /// <summary>Gives the task to the agent; false when it had it already.</summary>
    public bool Take(int agent, int task)
    {
        if (IsTaken(agent, task))
            return false;
        _taken[agent * _words + (task >> 6)] |= 1UL << (task & 63);
        _left[agent]--;
        return true;
    }

    /// <summary>Takes the task back from the agent, which had it.</summary>
    public void Release(int agent, int task)
    {
        _taken[agent * _words + (task >> 6)] &= ~(1UL << (task & 63));
        _left[agent]++;
    }

    /// <summary>The task with this rank, from 0, among those that the agent was not given, in the order of their numbers.</summary>
    public int FreeTask(int agent, int rank)
    {
        for (var word = 0; word < _words; word++)
        {
            var free = ~_taken[agent * _words + word];
            if (word == _words - 1 && (Tasks & 63) != 0)
                free &= (1UL << (Tasks & 63)) - 1;
            var count = BitOperations.PopCount(free);
            if (rank >= count)
            {
                rank -= count;
                continue;
            }

            while (rank-- > 0)
                free &= free - 1;
            return word * 64 + BitOperations.TrailingZeroCount(free);
        }

        throw new ArgumentOutOfRangeException(nameof(rank), rank, "The agent has fewer tasks left.");
    }
}
