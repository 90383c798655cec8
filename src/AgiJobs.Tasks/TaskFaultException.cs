namespace AgiJobs.Tasks;

/// <summary>Bytes that are no statement.</summary>
/// <param name="fault">Why.</param>
public sealed class TaskFaultException(TaskFault fault) : Exception(fault.Message)
{
    /// <summary>Why.</summary>
    public TaskFault Fault { get; } = fault;
}
